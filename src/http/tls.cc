#include "http/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace loom::http {
namespace {

SSL* of(void* ssl) { return static_cast<SSL*>(ssl); }
SSL_CTX* context_of(void* context) { return static_cast<SSL_CTX*>(context); }

/// OpenSSL's own words for what it has just met; empties its queue.
std::string why() {
  auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "no reason given";
}

constexpr int most = 1 << 30;

}  // namespace

bool is_ip_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

Result<std::shared_ptr<TlsContext>> TlsContext::open(const std::string& ca_file) {
  ERR_clear_error();
  auto* made = SSL_CTX_new(TLS_client_method());
  if (!made) return fail(ErrorKind::internal, "TLS can't be set up: " + why());
  std::shared_ptr<TlsContext> context(new TlsContext(made));
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
  int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(made)
                               : SSL_CTX_load_verify_locations(made, ca_file.c_str(), nullptr);
  if (loaded == 1) return context;
  return fail(ErrorKind::configuration, "'" + ca_file + "' holds no certificates that can be read: " + why(),
              {.field = "ca_file", .remedy = "name a PEM file with the authority's certificate", .code = {}});
}

TlsContext::~TlsContext() { SSL_CTX_free(context_of(context_)); }

Result<std::unique_ptr<Tls>> TlsContext::connect(const std::string& host) const {
  ERR_clear_error();
  auto* ssl = SSL_new(context_of(context_));
  if (!ssl) return fail(ErrorKind::internal, "TLS can't be set up: " + why());
  std::unique_ptr<Tls> tls(new Tls(ssl, host));
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl);
  bool named = false;
  if (is_ip_address(host))
    named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  else
    named = SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  if (!named) return fail(ErrorKind::configuration, "'" + host + "' is no host name: " + why());
  return tls;
}

Tls::~Tls() { SSL_free(of(ssl_)); }

tl::unexpected<Error> Tls::failed() const {
  auto verified = SSL_get_verify_result(of(ssl_));
  auto reason = why();
  if (verified != X509_V_OK)
    return fail(ErrorKind::unavailable,
                "the certificate of '" + host_ + "' is not trusted: " + X509_verify_cert_error_string(verified),
                {.field = {},
                 .remedy = "name its authority's certificate (ca_file), or the host by the name it is made out to",
                 .code = {}});
  return fail(ErrorKind::unavailable, "TLS with '" + host_ + "' failed: " + reason,
              {.field = {}, .remedy = "check that TLS is spoken there; else write http:// or ws://", .code = {}});
}

Result<bool> Tls::handshake() {
  ERR_clear_error();
  int done = SSL_do_handshake(of(ssl_));
  if (done == 1) return true;
  if (SSL_get_error(of(ssl_), done) == SSL_ERROR_WANT_READ) return false;
  return failed();
}

Result<void> Tls::write(std::string_view plain) {
  ERR_clear_error();
  std::size_t written = 0;
  if (plain.empty() || SSL_write_ex(of(ssl_), plain.data(), plain.size(), &written) == 1) return {};
  return failed();
}

Result<std::size_t> Tls::read(char* to, std::size_t room) {
  ERR_clear_error();
  std::size_t count = 0;
  if (SSL_read_ex(of(ssl_), to, room, &count) == 1) return count;
  switch (SSL_get_error(of(ssl_), 0)) {
    case SSL_ERROR_WANT_READ:
      return 0;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return 0;
    default:
      return failed();
  }
}

void Tls::feed(std::string_view received) {
  auto* in = SSL_get_rbio(of(ssl_));
  BIO_write(in, received.data(), static_cast<int>(std::min<std::size_t>(received.size(), most)));
}

std::string Tls::take_outgoing() {
  auto* out = SSL_get_wbio(of(ssl_));
  std::string text(BIO_ctrl_pending(out), '\0');
  if (!text.empty()) BIO_read(out, text.data(), static_cast<int>(text.size()));
  return text;
}

}  // namespace loom::http
