// The same stage in Go: go build sentiment.go, then command: [./sentiment].
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
)

type request struct {
	ID      int64 `json:"id"`
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
		return map[string]interface{}{"id": it.ID, "error": "data.text is missing"} // a dead letter that says so
	}
	text, label := *it.Message.Data.Text, "neutral"
	score := count(text, "good", "great", "love") - count(text, "bad", "broken", "hate")
	if score > 0 {
		label = "positive"
	} else if score < 0 {
		label = "negative"
	}
	return map[string]interface{}{"id": it.ID, "result": map[string]interface{}{"compound": score, "label": label}}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout) // writes a line, at once
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var it request
		if err := json.Unmarshal(line, &it); err != nil {
			panic(err) // a text that is no string, say: Loom starts the program again and blames this message only
		}
		answers.Encode(answer(it))
	}
}
