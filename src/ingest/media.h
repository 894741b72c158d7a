// Pictures and sound as bytes → the message that a client would have sent as JSON: base64 in the one field of the type
// that is of kind base64, and what the bytes' own header tells (width, height; sample_rate, channels, duration_ms) where
// it was not sent. What comes out goes through `decode` like any other message. Pure.
// Errors: not_found (type), invalid_value (a type without such a field, or with several; the field sent twice),
// malformed, missing_field, too_large, unsupported_media.
//   auto text = message_of_upload(types, document, request);   decode(types, document, *text);
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "ingest/decode.h"

namespace loom::ingest {

/// What can be said from the head alone; sets how much body may come (base64 growth counted).
[[nodiscard]] Checked<const TypeEntry*> check_upload(const TypeTable& types, http::Request& request);

/// Of `POST /ingest/media/{type}`: a raw body or multipart/form-data, further fields by query or part.
[[nodiscard]] Checked<std::string> message_of_upload(const TypeTable& types, json::Document& scratch,
                                                     const http::Request& request);

/// `text` is a message without the media field, `root` the same, parsed.
[[nodiscard]] Checked<std::string> with_media(const TypeTable& types, const json::Value& root, std::string_view text,
                                              std::string_view bytes);

/// The bytes of media that fit into a message of the type.
[[nodiscard]] std::size_t media_limit(const TypeEntry& type);
[[nodiscard]] Refusal media_too_large(const TypeEntry& type);
/// The type that a message names.
[[nodiscard]] Checked<const TypeEntry*> type_of(const TypeTable& types, const json::Value& root);
/// The one field of kind base64.
[[nodiscard]] Checked<const model::Field*> media_field_of(const TypeEntry& type);

}  // namespace loom::ingest
