// A TLS server for tests: makes itself a certificate, answers each GET, and each POST whose body ends in "the end". Threads: its own and the
// test's. A failed start throws.
//   TlsPeer peer("localhost");   Client::open(peer.url("localhost"), {.ca_file = peer.ca_file()})
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>

#include "tests/support/listener.h"

namespace loom::http {

class TlsPeer {
 public:
  explicit TlsPeer(const std::string& made_out_to, long valid_seconds = 3600) : key_(EVP_RSA_gen(2048)) {
    make_certificate(made_out_to, valid_seconds);
    char path[] = "/tmp/loom_ca_XXXXXX";
    int file = ::mkstemp(path);
    ca_file_ = path;
    auto* out = ::fdopen(file, "w");
    PEM_write_X509(out, certificate_);
    ::fclose(out);
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, certificate_);
    SSL_CTX_use_PrivateKey(context_, key_);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsPeer() {
    listener_.shut();
    thread_.join();
    ::unlink(ca_file_.c_str());
    SSL_CTX_free(context_);
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  std::string url(const std::string& host) const { return "https://" + host + ":" + std::to_string(listener_.port()); }
  const std::string& ca_file() const { return ca_file_; }
  int handshakes() const { return handshakes_; }

 private:
  void make_certificate(const std::string& host, long valid_seconds) {
    certificate_ = X509_new();
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), valid_seconds);
    X509_set_pubkey(certificate_, key_);
    auto* name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("peer"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate_, certificate_, nullptr, nullptr, 0);
    for (auto [what, value] : {std::pair(NID_subject_alt_name, "DNS:" + host),
                               std::pair(NID_basic_constraints, std::string("critical,CA:TRUE"))}) {
      auto* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
      X509_add_ext(certificate_, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate_, key_, EVP_sha256());
  }
  void serve() {
    while (true) {
      int client = listener_.accept();
      if (client < 0) return;
      SSL* ssl = SSL_new(context_);
      SSL_set_fd(ssl, client);
      if (SSL_accept(ssl) == 1) {
        ++handshakes_;
        char piece[4096];
        static constexpr std::string_view reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        std::string seen;
        for (int count = 0; (count = SSL_read(ssl, piece, sizeof piece)) > 0;) {
          seen.append(piece, static_cast<std::size_t>(count));
          if (!seen.ends_with(seen.starts_with("GET") ? "\r\n\r\n" : "the end")) continue;
          SSL_write(ssl, reply.data(), static_cast<int>(reply.size()));
          seen.clear();
        }
      }
      SSL_free(ssl);
      ::close(client);
    }
  }

  EVP_PKEY* key_;
  X509* certificate_ = nullptr;
  SSL_CTX* context_ = nullptr;
  std::string ca_file_;
  test::Listener listener_;
  std::atomic<int> handshakes_{0};
  std::thread thread_;
};

}  // namespace loom::http
