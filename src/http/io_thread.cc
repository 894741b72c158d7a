#include "http/io_thread.h"

#include <boost/asio/post.hpp>
#include <ctime>

#include "http/connection.h"
#include "http/web_socket.h"

namespace loom::http {

using namespace std::chrono_literals;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

IoThread::IoThread(Shared& shared, std::size_t index)
    : shared_(shared),
      index_(index),
      acceptor_(io_.get_executor()),
      sweep_timer_(io_.get_executor()),
      accept_timer_(io_.get_executor()) {
  write_date();
}

IoThread::~IoThread() = default;

Result<void> IoThread::listen(const Tcp::endpoint& endpoint, bool share_port) {
  boost::system::error_code ec;
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(Acceptor::reuse_address(true), ec);
  if (!ec && share_port) acceptor_.set_option(ReusePort(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) acceptor_.non_blocking(true, ec);
  if (!ec) return {};
  auto where = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
  return fail(ErrorKind::unavailable, "can't listen on " + where + ": " + ec.message(),
              {.field = "api.listen", .remedy = "stop what listens there, or choose another address", .code = {}});
}

int IoThread::port() const {
  boost::system::error_code ec;
  auto endpoint = acceptor_.local_endpoint(ec);
  return ec ? 0 : endpoint.port();
}

void IoThread::start() {
  accept();
  sweep();
}

void IoThread::accept() {
  acceptor_.async_accept(io_.get_executor(), [this](const boost::system::error_code& ec, Socket socket) {
    if (!acceptor_.is_open()) return;
    if (!ec) {
      admit(std::move(socket));
      return accept();
    }
    // out of descriptors, or a client that gave up: the next one may be luckier, a little later
    accept_timer_.expires_after(20ms);
    accept_timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled && acceptor_.is_open()) accept();
    });
  });
}

void IoThread::admit(Socket socket) {
  if (shared_.connections.load(std::memory_order_relaxed) < shared_.options.max_connections)
    return std::make_shared<Connection>(*this, std::move(socket))->start();
  if (shared_.options.on_refused) shared_.options.on_refused(503);
  if (shared_.tls) return;  // a handshake would cost more than it says
  auto reply =
      reply_of(Error{ErrorKind::full, "too many connections (api.max_connections)", {}, "use fewer connections", {}},
               {.retry_after_s = 1});
  auto text =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
      "Connection: close\r\nContent-Length: " +
      std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(Tcp::socket::shutdown_send, ignored);
}

void IoThread::sweep() {
  write_date();
  auto now = Steady::now();
  for (auto i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    if (auto connection = connections_[i]->weak_from_this().lock()) connection->sweep(now);
  }
  for (const auto& each : streams_)
    if (auto stream = each.lock()) stream->sweep(now);
  sweep_timer_.expires_after(shared_.options.sweep);
  sweep_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) sweep();
  });
}

void IoThread::drain() {
  asio::post(io_, [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto i = connections_.size(); i-- > 0;)
      if (auto connection = connections_[i]->weak_from_this().lock()) connection->drain();
    for (const auto& each : streams_)
      if (auto stream = each.lock()) stream->drain();
  });
}

void IoThread::add(std::weak_ptr<OpenStream> stream) {
  if (streams_.size() == streams_.capacity())
    std::erase_if(streams_, [](const auto& each) { return each.expired(); });
  streams_.push_back(std::move(stream));
}

void IoThread::add(Connection& connection) {
  connection.slot = connections_.size();
  connections_.push_back(&connection);
}

void IoThread::remove(Connection& connection) {
  connections_[connection.slot] = connections_.back();
  connections_[connection.slot]->slot = connection.slot;
  connections_.pop_back();
}

void IoThread::write_date() {
  auto now = std::time(nullptr);
  if (now == date_second_) return;
  date_second_ = now;
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[64];
  std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  date_line_ = text;
}

}  // namespace loom::http
