// The same service in Go: go run sentiment.go [PORT]
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"
)

type request struct {
	Message struct {
		Data struct {
			Text *string `json:"text"`
		} `json:"data"`
	} `json:"message"`
}

func count(text string, beginnings ...string) (found int) {
	for _, word := range strings.Fields(strings.ToLower(text)) {
		for _, beginning := range beginnings {
			if strings.HasPrefix(word, beginning) {
				found++
			}
		}
	}
	return found
}

func answer(it request) map[string]interface{} {
	if it.Message.Data.Text == nil {
		return map[string]interface{}{"error": "data.text is missing"} // a dead letter that says so
	}
	text, label := *it.Message.Data.Text, "neutral"
	score := count(text, "good", "great", "love") - count(text, "bad", "broken", "hate")
	if score > 0 {
		label = "positive"
	} else if score < 0 {
		label = "negative"
	}
	return map[string]interface{}{"result": map[string]interface{}{"compound": score, "label": label}}
}

func main() {
	port := "9000"
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var it request
		if err := json.NewDecoder(r.Body).Decode(&it); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer(it))
	})))
}
