#include "http/server.h"

#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <charconv>
#include <thread>

#include "http/connection.h"
#include "http/io_thread.h"
#include "http/server_tls.h"

namespace loom::http {
namespace {

using namespace std::chrono_literals;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

Result<Tcp::endpoint> endpoint_of(const std::string& listen) {
  auto wrong = [&] {
    return fail(ErrorKind::configuration, "'" + listen + "' is no address and port",
                {.field = "api.listen", .remedy = "write it as 127.0.0.1:8000", .code = {}});
  };
  auto colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong();
  auto host = listen.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty() || host == "*") host = "0.0.0.0";
  unsigned port = 0;
  auto digits = std::string_view(listen).substr(colon + 1);
  auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (bad != std::errc() || end != digits.data() + digits.size() || port > 65535) return wrong();
  boost::system::error_code ec;
  auto address = asio::ip::make_address(host, ec);
  if (ec) return wrong();
  return Tcp::endpoint(address, static_cast<unsigned short>(port));
}

/// Calls `tick` again and again on an io_context.
struct Ticker {
  Ticker(asio::io_context& io, std::chrono::milliseconds every, std::function<void()> what)
      : timer(io.get_executor()), interval(every), tick(std::move(what)) {}
  void arm() {
    timer.expires_after(interval);
    timer.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      tick();
      arm();
    });
  }
  Timer timer;
  std::chrono::milliseconds interval;
  std::function<void()> tick;
};

struct Watcher {
  Watcher(asio::io_context& io, int eventfd, std::function<void()> what)
      : descriptor(io.get_executor(), ::dup(eventfd)), ready(std::move(what)) {}
  void arm() {
    descriptor.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      std::uint64_t count = 0;
      [[maybe_unused]] auto read = ::read(descriptor.native_handle(), &count, sizeof count);
      ready();
      arm();
    });
  }
  Descriptor descriptor;
  std::function<void()> ready;
};

}  // namespace

struct Server::State {
  State(ServerOptions options, Routes routes, std::shared_ptr<ByteBudget> budget, Log log)
      : shared{std::move(options), std::move(routes), std::move(budget), std::move(log)} {}
  Shared shared;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::vector<std::unique_ptr<Ticker>> tickers;
  std::vector<std::unique_ptr<Watcher>> watchers;
  std::optional<Steady::time_point> drain_until;

  Result<void> listen(Tcp::endpoint endpoint);
  void look(const std::atomic<bool>& stop);
};

Result<void> Server::State::listen(Tcp::endpoint endpoint) {
  bool share = shared.options.threads > 1;
  if (share && endpoint.port() != 0) {
    // with SO_REUSEPORT a second server would silently take half of the connections: ask without it first
    IoThread probe(shared, 0);
    if (auto free = probe.listen(endpoint, false); !free) return free;
  }
  for (int i = 0; i < shared.options.threads; ++i) {
    threads.push_back(std::make_unique<IoThread>(shared, static_cast<std::size_t>(i)));
    if (auto listening = threads.back()->listen(endpoint, share); !listening) return listening;
    endpoint.port(static_cast<unsigned short>(threads.front()->port()));
  }
  return {};
}

void Server::State::look(const std::atomic<bool>& stop) {
  if (!drain_until) {
    if (!stop.load(std::memory_order_relaxed)) return;
    shared.draining.store(true);
    drain_until = Steady::now() + shared.options.drain_timeout;
    shared.log.info("draining", {{"connections", shared.connections.load()}});
  }
  for (auto& thread : threads) thread->drain();
  if (shared.connections.load() != 0 && Steady::now() < *drain_until) return;
  for (auto& thread : threads) thread->stop();
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, Routes routes, std::shared_ptr<ByteBudget> budget,
                                             Log log) {
  auto endpoint = endpoint_of(options.listen);
  if (!endpoint) return tl::unexpected(endpoint.error());
  options.threads = std::max(options.threads, 1);
  std::shared_ptr<asio::ssl::context> tls;
  if (options.tls) {
    auto opened = open_server_tls(*options.tls);
    if (!opened) return tl::unexpected(opened.error());
    tls = std::move(*opened);
  }
  auto state = std::make_unique<State>(std::move(options), std::move(routes), std::move(budget), std::move(log));
  state->shared.tls = std::move(tls);
  if (auto listening = state->listen(*endpoint); !listening) return tl::unexpected(listening.error());
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

int Server::port() const { return state_->threads.front()->port(); }
int Server::connections() const { return state_->shared.connections.load(); }
bool Server::draining() const { return state_->shared.draining.load(); }

void Server::watch(int eventfd, std::function<void()> ready) {
  state_->watchers.push_back(std::make_unique<Watcher>(state_->threads.front()->io(), eventfd, std::move(ready)));
}

void Server::every(std::chrono::milliseconds interval, std::function<void()> tick) {
  state_->tickers.push_back(std::make_unique<Ticker>(state_->threads.front()->io(), interval, std::move(tick)));
}

void Server::run(const std::atomic<bool>& stop) {
  auto& state = *state_;
  every(50ms, [&state, &stop] { state.look(stop); });
  for (auto& ticker : state.tickers) ticker->arm();
  for (auto& watcher : state.watchers) watcher->arm();
  for (auto& thread : state.threads) thread->start();
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < state.threads.size(); ++i)
    others.emplace_back([&thread = *state.threads[i]] { thread.run(); });
  state.threads.front()->run();
  for (auto& other : others) other.join();
  state.tickers.pop_back();  // it refers to the caller's flag
}

}  // namespace loom::http
