#include "ingest/api.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "http/server.h"
#include "ingest/decode.h"
#include "ingest/describe.h"
#include "ingest/endpoints.h"
#include "ingest/health.h"
#include "ingest/in_flight.h"
#include "ingest/intake.h"
#include "ingest/talk.h"
#include "ingest/warmth.h"

namespace loom::ingest {

using namespace std::chrono_literals;
using http::Request;
using http::Responder;
using http::Route;

namespace {

class EventFd {
 public:
  EventFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;
  ~EventFd() { ::close(fd_); }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::size_t io_threads_of(const model::Catalogue& catalogue) {
  return static_cast<std::size_t>(std::max(catalogue.api.threads, 1));
}

/// Well before the clients are told that the outcome is unknown, also where one partition gets twice its share.
double longest_wait_s(std::chrono::milliseconds ack_timeout) {
  return std::chrono::duration<double>(ack_timeout).count() / 6;
}

http::ServerOptions server_options(const model::Catalogue& catalogue, const ApiHooks& hooks) {
  http::ServerOptions options;
  options.listen = catalogue.api.listen;
  if (const auto& tls = catalogue.api.tls)
    options.tls = http::ServerTls{tls->cert, tls->key, tls->key_password, tls->client_ca};
  options.threads = catalogue.api.threads;
  options.max_connections = catalogue.api.max_connections;
  options.idle_timeout = catalogue.api.idle_timeout;
  options.drain_timeout = hooks.drain_timeout;
  return options;
}

}  // namespace

// The order is the order of destruction reversed: the producer goes first (nothing is acknowledged any more), then the
// jobs with their responders, then the server whose connections these hold.
struct Api::State {
  State(const model::Catalogue& from, std::unique_ptr<kafka::Producer> into, Registry& to, ApiHooks with)
      : catalogue(from),
        registry(to),
        hooks(std::move(with)),
        probe(to),
        types(from, to),
        keys(from.api.keys),
        budget(std::make_shared<http::ByteBudget>(static_cast<std::size_t>(from.api.budget.count))),
        rate(longest_wait_s(from.api.ack_timeout)),
        in_flight({*into, *budget, rate, probe, from.api.ack_timeout}),
        intake({types, keys, in_flight, probe, strictly_increasing(hooks.clock), hooks.steady,
                [this] { return producer->since_broker_answered(); },
                static_cast<std::size_t>(from.api.max_batch_records), io_threads_of(from)}),
        producer(std::move(into)) {}

  const model::Catalogue& catalogue;
  Registry& registry;
  ApiHooks hooks;
  Probe probe;
  TypeTable types;
  Keys keys;
  std::shared_ptr<http::ByteBudget> budget;
  DrainRate rate;
  std::atomic<int> replicas{-1};
  std::string types_json, openapi_json;
  EventFd acks;
  std::unique_ptr<http::Server> server;
  InFlight in_flight;
  Intake intake;
  std::unique_ptr<kafka::Producer> producer;

  [[nodiscard]] std::vector<Route> routes();
  [[nodiscard]] Route stream_route();
  void serve_type(Request& request, Responder responder);
  void serve_ready(Responder responder);
  void serve_metrics(Responder responder);
  [[nodiscard]] Health health() const;
  void measure();
  void serve_acks() {
    while (producer->serve(0ms) != 0) {
    }
  }
};

Route Api::State::stream_route() {
  Window window{static_cast<std::size_t>(catalogue.api.stream_window),
                static_cast<std::size_t>(catalogue.api.stream_bytes.count)};
  Route route{std::string(endpoint::stream.method), std::string(endpoint::stream.path),
              std::string(endpoint::stream.summary), static_cast<std::size_t>(catalogue.api.max_body.count)};
  route.admit = [this](Request& request) { return intake.admit_stream(request); };
  route.upgrade = [this, window](Request& request, std::shared_ptr<http::Stream> stream) {
    return std::make_shared<Talk>(Talk::Parts{intake, budget, window},
                                  Intake::Sender{request.principal, request.io_thread}, stream);
  };
  return route;
}

std::vector<Route> Api::State::routes() {
  auto text = [](const std::string& body) {
    return [&body](Request&, Responder responder) { responder.answer({.body = body}); };
  };
  auto admit = [this](Request& request) { return intake.admit(request); };
  auto knock = [this](Request& request) -> std::optional<Refusal> {
    auto who = keys.identify(request);
    return who ? std::nullopt : std::optional(std::move(who.error()));
  };
  auto size = [](config::Bytes bytes) { return static_cast<std::size_t>(bytes.count); };
  auto route = [](const Endpoint& at, std::size_t max_body, http::Admit admits, http::Handler handler) {
    return Route{std::string(at.method), std::string(at.path), std::string(at.summary), max_body,
                 std::move(admits),      std::move(handler),   {}};
  };
  return {
      route(endpoint::message, size(catalogue.api.max_body), admit,
            [this](Request& request, Responder responder) { intake.single(request, std::move(responder)); }),
      route(endpoint::batch, size(catalogue.api.max_batch_body), admit,
            [this](Request& request, Responder responder) { intake.batch(request, std::move(responder)); }),
      route(
          endpoint::media, size(catalogue.api.max_body), [this](Request& request) { return intake.admit_media(request); },
          [this](Request& request, Responder responder) { intake.media(request, std::move(responder)); }),
      stream_route(),
      route(endpoint::types, 0, knock, text(types_json)),
      route(endpoint::type, 0, knock,
            [this](Request& request, Responder responder) { serve_type(request, std::move(responder)); }),
      route(endpoint::alive, 0, {},
            [](Request&, Responder responder) { responder.answer({.body = R"({"status":"alive"})"}); }),
      route(endpoint::ready, 0, {}, [this](Request&, Responder responder) { serve_ready(std::move(responder)); }),
      route(endpoint::metrics, 0, {}, [this](Request&, Responder responder) { serve_metrics(std::move(responder)); }),
      route(endpoint::openapi, 0, {}, text(openapi_json)),
  };
}

void Api::State::serve_type(Request& request, Responder responder) {
  if (const auto* type = types.find(request.parameter))
    return responder.answer({.body = describe_type(catalogue, *type->spec)});
  auto unknown = type_named(types, request.parameter).error();
  unknown.error.field.clear();
  responder.answer(http::reply_of(unknown.error, unknown.details));
}

Health Api::State::health() const {
  Vitals vitals{.since_broker = producer->since_broker_answered(),
                .held = budget->used(),
                .budget = budget->limit(),
                .stopping = server->draining()};
  if (int known = replicas.load(std::memory_order_relaxed); known >= 0) vitals.replicas = known;
  return judge(vitals);
}

void Api::State::serve_ready(Responder responder) {
  auto now = health();
  http::Reply reply{.status = now.ready ? 200 : 503, .body = std::move(now.json)};
  if (!now.ready)
    reply.header_lines = "Retry-After: " + std::to_string(rate.seconds_until_room(budget->used())) + "\r\n";
  responder.answer(reply);
}

void Api::State::measure() {
  probe.bytes_held.set(static_cast<double>(budget->used()));
  probe.records_in_flight.set(static_cast<double>(producer->records_in_flight()));
  probe.connections.set(server->connections());
  probe.ready.set(health().ready ? 1 : 0);
}

void Api::State::serve_metrics(Responder responder) {
  measure();
  responder.answer({.body = registry.render(), .content_type = "text/plain; version=0.0.4; charset=utf-8"});
}

Api::Api(std::unique_ptr<State> state) : state_(std::move(state)) {}
Api::~Api() = default;
int Api::port() const { return state_->server->port(); }

Result<std::unique_ptr<Api>> Api::open(const model::Catalogue& catalogue, std::unique_ptr<kafka::Producer> producer,
                                       Registry& registry, Log log, ApiHooks hooks) {
  auto state = std::make_unique<State>(catalogue, std::move(producer), registry, std::move(hooks));
  auto routes = state->routes();
  state->types_json = describe_types(catalogue);
  state->openapi_json = openapi(catalogue, routes);
  auto options = server_options(catalogue, state->hooks);
  options.retry_after_s = [state = state.get()] { return state->rate.seconds_until_room(state->budget->used()); };
  options.on_refused = [state = state.get()](int status) { state->probe.refused_by_server(status); };
  auto server = http::Server::open(std::move(options), http::Routes(std::move(routes)), state->budget, log);
  if (!server) return tl::unexpected(server.error());
  state->server = std::move(*server);
  log.info("listening", {{"address", catalogue.api.listen}, {"port", state->server->port()}});
  return std::unique_ptr<Api>(new Api(std::move(state)));
}

Result<void> Api::run(const std::atomic<bool>& stop) {
  auto& state = *state_;
  state.producer->wake(state.acks.get());
  state.server->watch(state.acks.get(), [&state] { state.serve_acks(); });
  state.server->every(100ms, [&state] {
    state.serve_acks();
    state.in_flight.expire(std::chrono::steady_clock::now());
  });
  state.server->every(500ms, [&state] { state.rate.tick(0.5, state.producer->bytes_in_flight()); });
  Warmth warmth(*state.producer, state.catalogue, [&state] {
    if (!state.hooks.replicas) return;
    if (auto known = state.hooks.replicas()) state.replicas.store(*known, std::memory_order_relaxed);
  });
  state.server->run(stop);
  if (state.producer->records_in_flight() == 0) return {};
  return state.producer->flush(state.hooks.drain_timeout);  // of clients that were answered "unknown", or left
}

}  // namespace loom::ingest
