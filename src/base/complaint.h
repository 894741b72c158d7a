// What others say is wrong, short enough for an error message: whole characters on one line. Pure.
//   complaint_of(R"({"error":{"message":"no text"}})") == "no text"
#pragma once

#include <string>
#include <string_view>

namespace loom {

/// At most `longest` bytes of a text for people.
[[nodiscard]] std::string beginning_of(std::string_view text, std::size_t longest);

/// What a server says is wrong: {"error":"…"}, {"error":{"message":"…"}}, {"detail":"…"}, {"message":"…"} or plain text; "" of a page.
[[nodiscard]] std::string complaint_of(std::string_view body);

}  // namespace loom
