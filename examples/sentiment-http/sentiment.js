// The same service in Node.js. usage: node sentiment.js [PORT]
const sentiment = ({ data }) => {
  if (typeof data.text !== "string") return { error: "data.text is missing" }; // a dead letter that says so
  const words = data.text.toLowerCase().split(/\W+/);
  const count = (...wanted) => words.filter((word) => wanted.includes(word)).length;
  const compound = count("good", "great", "love") - count("bad", "broken", "hate");
  return { result: { compound, label: compound > 0 ? "positive" : compound < 0 ? "negative" : "neutral" } };
};

const service = require("http").createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(sentiment(JSON.parse(Buffer.concat(pieces)).message)));
  });
});
service.listen(Number(process.argv[2] || 9000), "127.0.0.1");
