#include "http/server_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>

namespace loom::http {
namespace {

/// OpenSSL's own words for what it has just met; empties its queue.
std::string why() {
  auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "no reason given";
}

tl::unexpected<Error> wrong(const std::string& option, std::string message, std::string remedy) {
  return fail(ErrorKind::configuration, std::move(message),
              {.field = "api.tls." + option, .remedy = std::move(remedy), .code = {}});
}

/// Never asks on the terminal, as OpenSSL would.
int give_password(char* to, int room, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  auto size = std::min(text.size(), static_cast<std::size_t>(std::max(room, 0)));
  std::copy_n(text.data(), size, to);
  return static_cast<int>(size);
}

Result<void> load_key(SSL_CTX* context, const ServerTls& tls) {
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&tls.key_password));
  int loaded = SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  if (loaded == 1) return {};
  if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
    ERR_clear_error();
    return wrong("key", "the key '" + tls.key + "' does not belong to the certificate '" + tls.cert + "'",
                 "name the key that the certificate was made with");
  }
  return wrong("key", "'" + tls.key + "' holds no private key that can be read: " + why(),
               "name a PEM file that this user may read; an encrypted one needs api.tls.key_password");
}

Result<void> load_client_ca(SSL_CTX* context, const std::string& file) {
  if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1)
    return wrong("client_ca", "'" + file + "' holds no certificates that can be read: " + why(),
                 "name a PEM file with the authority that signs clients");
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file.c_str()));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

}  // namespace

Result<std::shared_ptr<boost::asio::ssl::context>> open_server_tls(const ServerTls& tls) {
  ERR_clear_error();
  auto* made = SSL_CTX_new(TLS_server_method());
  if (!made) return fail(ErrorKind::internal, "TLS can't be set up: " + why());
  auto context = std::make_shared<boost::asio::ssl::context>(made);
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  static constexpr unsigned char name[] = "loom";
  SSL_CTX_set_session_id_context(made, name, sizeof name - 1);
  if (SSL_CTX_use_certificate_chain_file(made, tls.cert.c_str()) != 1)
    return wrong("cert", "'" + tls.cert + "' holds no certificate that can be read: " + why(),
                 "name a PEM file: the server's certificate, then those between it and its authority");
  if (auto loaded = load_key(made, tls); !loaded) return tl::unexpected(loaded.error());
  if (!tls.client_ca.empty())
    if (auto loaded = load_client_ca(made, tls.client_ca); !loaded) return tl::unexpected(loaded.error());
  return context;
}

Result<void> check_tls(const ServerTls& tls) {
  auto opened = open_server_tls(tls);
  return opened ? Result<void>() : tl::unexpected(opened.error());
}

}  // namespace loom::http
