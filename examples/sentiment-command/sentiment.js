// The same stage in Node.js.
const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, message } = JSON.parse(line);
  const words = message.data.text.toLowerCase().split(/\W+/);
  const count = (...wanted) => words.filter((word) => wanted.includes(word)).length;
  const compound = count("good", "great", "love") - count("bad", "broken", "hate");
  const label = compound > 0 ? "positive" : compound < 0 ? "negative" : "neutral";
  console.log(JSON.stringify({ id, result: { compound, label } }));
});
