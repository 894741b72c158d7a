// For tests: an authority that signs certificates for servers, as files in a folder that goes with it.
//   TlsFiles files("localhost");   ServerTls{files.cert(), files.key(), "", ""};   ClientOptions{.ca_file = files.ca()}
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace loom::http {

class TlsFiles {
 public:
  explicit TlsFiles(const std::string& host, const std::string& key_password = "") {
    char name[] = "/tmp/loom_tls_XXXXXX";
    folder_ = ::mkdtemp(name);
    auto *ca_key = EVP_RSA_gen(2048), *server_key = EVP_RSA_gen(2048);
    auto* authority = certificate(ca_key, "authority", nullptr, ca_key, "critical,CA:TRUE", "");
    auto* server = certificate(server_key, "server", authority, ca_key, "CA:FALSE", "DNS:" + host);
    write(ca(), [&](FILE* out) { PEM_write_X509(out, authority); });
    write(cert(), [&](FILE* out) { PEM_write_X509(out, server); });
    write(key(), [&](FILE* out) {
      auto* word = key_password.empty() ? nullptr : key_password.c_str();
      PEM_write_PKCS8PrivateKey(out, server_key, word ? EVP_aes_256_cbc() : nullptr, word,
                                static_cast<int>(key_password.size()), nullptr, nullptr);
    });
    X509_free(server), X509_free(authority), EVP_PKEY_free(server_key), EVP_PKEY_free(ca_key);
  }
  ~TlsFiles() { std::filesystem::remove_all(folder_); }
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;

  std::string ca() const { return folder_ + "/ca.pem"; }
  std::string cert() const { return folder_ + "/cert.pem"; }
  std::string key() const { return folder_ + "/key.pem"; }

 private:
  template <class Print>
  static void write(const std::string& path, const Print& print) {
    auto* out = std::fopen(path.c_str(), "w");
    print(out);
    std::fclose(out);
  }
  static X509* certificate(EVP_PKEY* key, const char* common_name, X509* issuer, EVP_PKEY* signer, const char* constraints,
                           const std::string& names) {
    auto* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made));
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer ? issuer : made, made, nullptr, nullptr, 0);
    auto add = [&](int what, const char* value) {
      auto* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
      X509_add_ext(made, extension, -1);
      X509_EXTENSION_free(extension);
    };
    add(NID_basic_constraints, constraints);
    if (!names.empty()) add(NID_subject_alt_name, names.c_str());
    X509_sign(made, signer, EVP_sha256());
    return made;
  }
  std::string folder_;
};

}  // namespace loom::http
