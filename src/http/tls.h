// TLS over a connection whose bytes somebody else carries: plain text in, records out, and back. Certificate and host
// name are verified always, with the system's authorities or those of one file. The room's only user of OpenSSL's TLS.
// Ownership: a TlsContext is shared by connections (loading the system's authorities is slow); a Tls is one connection.
// Threads: a TlsContext any, a Tls one. Errors: configuration (the file of authorities), unavailable (a certificate that
// is not trusted, no TLS at the other end: an operator can mend both, no message is at fault).
//   auto context = TlsContext::open("");   auto tls = (*context)->connect("example.org");
//   do { tls->handshake(); carry(tls->take_outgoing()); tls->feed(more); } …
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "loom/error.h"

namespace loom::http {

class Tls {
 public:
  ~Tls();
  Result<bool> handshake();           // true when it is done, false when more bytes are needed
  Result<void> write(std::string_view plain);
  /// Plain bytes, 0 when more are needed; `ended` says that the peer has said goodbye.
  Result<std::size_t> read(char* to, std::size_t room);
  [[nodiscard]] bool ended() const { return ended_; }
  void feed(std::string_view received);
  [[nodiscard]] std::string take_outgoing();

 private:
  friend class TlsContext;
  Tls(void* ssl, std::string host) : ssl_(ssl), host_(std::move(host)) {}
  [[nodiscard]] tl::unexpected<Error> failed() const;
  void* ssl_;  // SSL
  std::string host_;
  bool ended_ = false;
};

class TlsContext {
 public:
  /// `ca_file`: PEM; "" = the system's authorities.
  static Result<std::shared_ptr<TlsContext>> open(const std::string& ca_file);
  ~TlsContext();
  [[nodiscard]] Result<std::unique_ptr<Tls>> connect(const std::string& host) const;
  [[nodiscard]] void* native() const { return context_; }  // SSL_CTX, for Asio

 private:
  explicit TlsContext(void* context) : context_(context) {}
  void* context_;
};

/// Whether an address is written as numbers, whose certificate has to name it as such.
[[nodiscard]] bool is_ip_address(const std::string& host);

}  // namespace loom::http
