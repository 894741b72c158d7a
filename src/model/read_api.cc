#include <algorithm>
#include <cctype>
#include <set>

#include "model/catalogue_parts.h"
#include "model/reading.h"

namespace loom::model {
namespace {

using config::at_least;
using config::Options;

struct Address {
  std::string host, port;
};

std::optional<Address> address_of(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  Address address{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  if (address.host.front() == '[' && address.host.back() == ']')
    address.host = address.host.substr(1, address.host.size() - 2);
  return address;
}

bool is_port(const std::string& text) {
  auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit) && std::stoi(text) <= 65535;
}

std::optional<std::string> wrong_listen(const std::string& listen) {
  auto address = address_of(listen);
  if (!address) return "is no address; write host:port, e.g. 127.0.0.1:8000";
  if (!is_port(address->port)) return "has the port '" + address->port + "'; use 0 to 65535";
  return std::nullopt;
}

std::optional<std::string> wrong_sha256(const std::string& text) {
  auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (text.size() == 64 && std::all_of(text.begin(), text.end(), is_hex)) return std::nullopt;
  return "is no SHA-256; write the 64 hex digits that 'printf %s KEY | sha256sum' prints";
}

std::optional<std::string> missing_name(const std::string& name) {
  return name.empty() ? std::optional<std::string>("is empty; name whose key it is") : std::nullopt;
}

Options<ApiSettings> api_options() {
  return Options<ApiSettings>("api")
      .add("listen", &ApiSettings::listen, "address and port to listen on", wrong_listen)
      .add("threads", &ApiSettings::threads, "threads that serve requests", at_least(1))
      .add("max_body", &ApiSettings::max_body, "largest single message as sent; its topic's limit holds too",
           at_least(1024))
      .add("max_batch_body", &ApiSettings::max_batch_body, "largest body of a batch", at_least(1024))
      .add("max_batch_records", &ApiSettings::max_batch_records, "most records of a batch", at_least(1))
      .add("budget", &ApiSettings::budget, "bodies in memory and records in flight together; full = 503",
           at_least(1 << 20))
      .add("stream_window", &ApiSettings::stream_window,
           "messages of one WebSocket that are not yet answered; more are not read", at_least(1))
      .add("stream_bytes", &ApiSettings::stream_bytes, "the same in bytes", at_least(1024))
      .add("max_connections", &ApiSettings::max_connections, "connections at a time", at_least(1))
      .add("ack_timeout", &ApiSettings::ack_timeout, "without the broker's answer in this time: 503, outcome unknown; what would wait for a sixth of it is refused")
      .add("idle_timeout", &ApiSettings::idle_timeout, "a connection that says nothing is closed")
      .also("keys")
      .also("tls");
}

Options<ApiTls> tls_options() {
  return Options<ApiTls>("api.tls")
      .add("cert", &ApiTls::cert, "PEM file: the server's certificate, then those between it and its authority")
      .add("key", &ApiTls::key, "PEM file: its private key")
      .add("key_password", &ApiTls::key_password, "of an encrypted key; write ${VARIABLE} or ${file:PATH}")
      .add("client_ca", &ApiTls::client_ca,
           "PEM file: clients must show a certificate that this authority signed (mutual TLS)");
}

void read_tls(const config::Node& node, const config::Environment& environment, ApiSettings& to, config::Faults& faults) {
  auto tls = tls_options().read(node, faults, &environment);
  if (!node.present() && tls.cert.empty() && tls.key.empty()) return;
  for (const auto& [name, value] : {std::pair("cert", &tls.cert), std::pair("key", &tls.key)})
    if (value->empty())
      faults.fault(node.place(), "api.tls: has no " + std::string(name), "name the PEM files cert and key");
  to.tls = std::move(tls);
}

Options<ApiKey> key_options() {
  return Options<ApiKey>("api.keys")
      .add("name", &ApiKey::name, "whose key it is, for logs and metrics", missing_name)
      .add("sha256", &ApiKey::sha256, "SHA-256 of the key, hex; the key itself is never written down", wrong_sha256)
      .add("types", &ApiKey::types, "message types it may send; \"*\" for all")
      .add("rate", &ApiKey::rate, "messages a second; 0 = unlimited", at_least(0.0));
}

ApiKey read_key(const config::Node& node, config::Faults& faults) {
  auto key = key_options().read(node, faults);
  for (const auto* name : {"name", "sha256"})
    if (!node[name].present())
      faults.fault(node.place(), node.path() + ": has no " + name, "each key has name, sha256 and types");
  if (!node["types"].present()) key.types = {"*"};
  std::transform(key.sha256.begin(), key.sha256.end(), key.sha256.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key;
}

void read_keys(const config::Node& node, ApiSettings& to, config::Faults& faults) {
  if (!node.present() || node.kind() == config::Node::Kind::null) return;
  if (!node.is_sequence()) {
    faults.fault(node.place(), node.path() + ": is no list", "write '- {name: …, sha256: …, types: [\"*\"]}' lines");
    return;
  }
  std::set<std::string> names;
  for (const auto& element : node.elements()) {
    if (!element.is_map()) {
      faults.fault(element.place(), element.path() + ": is no map", "write {name: …, sha256: …, types: [\"*\"]}");
      continue;
    }
    to.keys.push_back(read_key(element, faults));
    if (!to.keys.back().name.empty() && !names.insert(to.keys.back().name).second)
      faults.fault(element["name"].place(), element.path() + ": a second key named '" + to.keys.back().name + "'",
                   "give each key its own name");
  }
}

config::Place place_of_listen(const config::Node& node, const config::Environment& environment) {
  auto variable = config::environment_name("api", "listen");
  if (environment.values.contains(variable)) return {variable, 0};
  return node["listen"].present() ? node["listen"].place() : node.place();
}

}  // namespace

bool is_loopback(std::string_view address) {
  auto parsed = address_of(address);
  if (!parsed) return false;
  const auto& host = parsed->host;
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

void read_api(const config::Node& node, const config::Environment& environment, Catalogue& to, config::Faults& faults) {
  to.api = api_options().read(node, faults, &environment);
  read_keys(node["keys"], to.api, faults);
  read_tls(node["tls"], environment, to.api, faults);
  to.api.place = node.place();
  if (to.api.keys.empty() && !wrong_listen(to.api.listen) && !is_loopback(to.api.listen))
    faults.fault(place_of_listen(node, environment),
                 "api.listen: '" + to.api.listen + "' is reached from other machines, but api.keys has no key",
                 "add a key, or listen on 127.0.0.1");
  if (!to.api.keys.empty() && !to.api.tls && !wrong_listen(to.api.listen) && !is_loopback(to.api.listen))
    faults.warn(place_of_listen(node, environment),
                "api.listen: '" + to.api.listen + "' is reached from other machines, and keys come in plain text",
                "set api.tls, or see to it that only a proxy that speaks TLS reaches it");
}

void check_key_types(const config::Node& api, const Catalogue& catalogue, config::Faults& faults) {
  std::vector<std::string> known{"*"};
  for (const auto& [name, type] : catalogue.types) known.push_back(name.get());
  for (const auto& key : api["keys"].elements()) {
    for (const auto& type : key["types"].elements()) {
      auto name = type.scalar();
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      faults.fault(type.place(), key.path() + ".types: unknown message type '" + name + "'", near_or_all(name, known));
    }
  }
}

void document_api(Docs& docs) {
  docs.emplace_back("api", api_options().docs());
  docs.emplace_back("api.tls", tls_options().docs());
  docs.emplace_back("api.keys", without_environment(key_options().docs()));
}

}  // namespace loom::model
