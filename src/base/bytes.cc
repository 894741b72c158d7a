#include "base/bytes.h"

#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <vector>

namespace loom {
namespace {

using Byte = unsigned char;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr Byte no_digit = 0xFF;

constexpr std::array<Byte, 256> digit_values() {
  std::array<Byte, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) values[static_cast<Byte>(alphabet[i])] = static_cast<Byte>(i);
  return values;
}
constexpr auto values_of_digits = digit_values();

Byte digit_value(char c) { return values_of_digits[static_cast<Byte>(c)]; }

// Loops over blocks of a fixed length without branches: compilers make vector code of them.
bool all_digits(std::string_view text) {
  constexpr std::size_t block = 64;
  const auto* at = reinterpret_cast<const Byte*>(text.data());
  std::size_t i = 0;
  for (; i + block <= text.size(); i += block) {
    Byte bad = 0;
    for (std::size_t k = 0; k < block; ++k) {
      Byte c = at[i + k];
      auto letter = static_cast<Byte>(static_cast<Byte>((c | 0x20) - 'a') < 26);
      auto number = static_cast<Byte>(static_cast<Byte>(c - '0') < 10);
      auto sign = static_cast<Byte>((c == '+') | (c == '/'));
      bad |= static_cast<Byte>((letter | number | sign) ^ 1);
    }
    if (bad) return false;
  }
  for (; i < text.size(); ++i) {
    if (values_of_digits[at[i]] == no_digit) return false;
  }
  return true;
}

// The base64 text behind a data: URL's prefix; nullopt for a data: URL that is not base64.
std::optional<std::string_view> without_prefix(std::string_view text) {
  constexpr std::string_view scheme = "data:", encoding = ";base64";
  if (!text.starts_with(scheme)) return text;
  auto head = text.substr(0, text.substr(0, 256).find(','));
  if (head.size() >= 256 || head.size() == text.size() || !head.ends_with(encoding)) return std::nullopt;
  return text.substr(head.size() + 1);
}

struct Quads {
  std::string_view digits;  // without the padding
  std::size_t padding = 0;
};

std::optional<Quads> checked(std::string_view text) {
  auto body = without_prefix(text);
  if (!body || body->size() % 4 != 0) return std::nullopt;
  Quads quads{*body, 0};
  while (quads.padding < 2 && quads.digits.ends_with('=')) ++quads.padding, quads.digits.remove_suffix(1);
  if (!all_digits(quads.digits)) return std::nullopt;
  // Bits that no byte takes must be zero: otherwise several texts would mean the same bytes.
  if (quads.padding) {
    Byte unused = quads.padding == 2 ? 0x0F : 0x03;
    if (digit_value(quads.digits.back()) & unused) return std::nullopt;
  }
  return quads;
}

}  // namespace

bool is_base64(std::string_view text) { return checked(text).has_value(); }

std::optional<std::string> base64_decode(std::string_view text) {
  auto quads = checked(text);
  if (!quads) return std::nullopt;
  auto digits = quads->digits;
  std::string bytes((digits.size() + quads->padding) / 4 * 3 - quads->padding, '\0');
  char* to = bytes.data();
  std::size_t i = 0;
  for (; i + 4 <= digits.size(); i += 4, to += 3) {
    auto word = static_cast<std::uint32_t>(digit_value(digits[i]) << 18 | digit_value(digits[i + 1]) << 12 |
                                           digit_value(digits[i + 2]) << 6 | digit_value(digits[i + 3]));
    to[0] = static_cast<char>(word >> 16);
    to[1] = static_cast<char>(word >> 8);
    to[2] = static_cast<char>(word);
  }
  if (quads->padding) {  // two or three digits are left
    to[0] = static_cast<char>(digit_value(digits[i]) << 2 | digit_value(digits[i + 1]) >> 4);
    if (quads->padding == 1)
      to[1] = static_cast<char>(digit_value(digits[i + 1]) << 4 | digit_value(digits[i + 2]) >> 2);
  }
  return bytes;
}

std::string base64_encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  char* to = text.data();
  auto put = [&to](std::uint32_t word, std::size_t digits) {
    for (std::size_t k = 0; k < digits; ++k) to[k] = alphabet[word >> (18 - 6 * k) & 63];
    to += 4;
  };
  const auto* at = reinterpret_cast<const Byte*>(bytes.data());
  auto left = bytes.size();
  for (; left >= 3; left -= 3, at += 3) put(static_cast<std::uint32_t>(at[0] << 16 | at[1] << 8 | at[2]), 4);
  if (left > 0) put(static_cast<std::uint32_t>(at[0] << 16 | (left > 1 ? at[1] << 8 : 0)), left + 1);
  return text;
}

std::string sha256_bytes(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &length, EVP_sha256(),
             nullptr);
  return digest;
}

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(64);
  for (char c : sha256_bytes(bytes)) {
    hex += digits[static_cast<Byte>(c) >> 4];
    hex += digits[static_cast<Byte>(c) & 15];
  }
  return hex;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile Byte different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) different = static_cast<Byte>(different | (a[i] ^ b[i]));
  return different == 0;
}

// On some AMD processors the C library's copy of more than a few KiB to an unaligned place (`rep movsb`) takes 65 µs
// for 200 KB instead of 4; smaller pieces are copied by vector registers.
void append_large(std::string& to, std::string_view bytes) {
  constexpr std::size_t piece = 1024;
  if (to.capacity() - to.size() < bytes.size()) to.reserve(std::max(to.size() + bytes.size(), 2 * to.capacity()));
  for (; bytes.size() > piece; bytes.remove_prefix(piece)) to.append(bytes.data(), piece);
  to.append(bytes);
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t k = 0; k < b.size(); ++k) {
      auto replaced = diagonal + (a[i] != b[k]);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace loom
