// Offers the API messages over many connections, however fast it answers, and checks afterwards what Kafka has of them.
// usage: offer PORT RATE SECONDS CONNECTIONS TEXT_BYTES FILE   FILE's name is the run's; RATE 0: each connection sends
// again when it is answered
//        offer check BOOTSTRAP TOPIC FILE                      exit 1 when an accepted one is missing or doubled
// An open loop: message n is due at n/RATE, whether earlier ones were answered or not. One for which no connection is
// free within `patience` is given up by its client ("unsent"). FILE gets a byte a message: what its client was told.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kafka/admin.h"

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto patience = 5s;
constexpr auto last_answers = 30s;
enum Told : char { nothing = '.', accepted = 'a', refused = 'r', unknown = 'u' };  // unknown: sent, and no clear answer

/// How its messages are known on the topic; the number follows.
std::string mark_of(const std::string& file) {
  return R"("run":")" + std::filesystem::path(file).filename().string() + R"(","n":)";
}

double seconds(Steady::duration time) { return std::chrono::duration<double>(time).count(); }

struct Link {
  enum class State { down, connecting, idle, busy } state = State::down;
  int fd = -1;
  std::size_t written = 0, message = 0;
  std::string out, in;
  Steady::time_point due, sent, not_before;
};

struct Answer {
  int status = 0, retry_after = 0;
  bool is_unknown = false, closes = false;
};

class Offer {
 public:
  Offer(int port, double rate, double length, std::size_t connections, std::size_t text, std::string file)
      : port_(port),
        rate_(rate),
        length_(length),
        links_(connections),
        text_(text, 'x'),
        file_(std::move(file)),
        mark_(mark_of(file_)) {}
  void run();
  void print() const;
  void save() const { std::ofstream(file_, std::ios::binary) << told_; }

 private:
  void open(Link& link);
  void close(Link& link, Steady::duration pause);
  void send(Link& link, Steady::time_point due);
  void write(Link& link);
  void on_event(Link& link, std::uint32_t events);
  bool take_answer(Link& link);
  void count(Link& link, const Answer& answer);
  void issue();
  void watch(Link& link, std::uint32_t events, int how);

  const int port_;
  const double rate_, length_;
  std::vector<Link> links_;
  std::vector<Link*> idle_;
  const std::string text_, file_, mark_;
  std::string told_;
  std::deque<Steady::time_point> due_;
  std::size_t issued_ = 0, accepted_ = 0, refused_ = 0, connections_refused_ = 0, without_retry_after_ = 0,
              unknown_ = 0, other_ = 0, unsent_ = 0, busy_ = 0;
  std::vector<float> waits_, waits_from_due_;  // of the accepted
  std::array<std::vector<float>, 10> waits_by_tenth_;  // of the time
  Steady::time_point start_, end_, now_;
  int epoll_ = ::epoll_create1(0);
};

void Offer::watch(Link& link, std::uint32_t events, int how) {
  epoll_event event{events, {.ptr = &link}};
  ::epoll_ctl(epoll_, how, link.fd, &event);
}

void Offer::open(Link& link) {
  link.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int one = 1;
  ::setsockopt(link.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port_));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)::connect(link.fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
  link.state = Link::State::connecting;
  link.in.clear();
  watch(link, EPOLLOUT | EPOLLIN, EPOLL_CTL_ADD);
}

void Offer::close(Link& link, Steady::duration pause) {
  if (link.state == Link::State::busy) {
    ++unknown_;
    --busy_;
    told_[link.message] = unknown;
  }
  if (link.state == Link::State::idle) std::erase(idle_, &link);
  ::close(link.fd);
  link.state = Link::State::down;
  link.not_before = now_ + pause;
}

void Offer::send(Link& link, Steady::time_point due) {
  link.message = told_.size();
  told_ += unknown;
  auto number = std::to_string(link.message);
  auto body = R"({"message_type_id":"load","device_id":"d)" + std::to_string(link.message % 1000) + R"(","data":{)" +
              mark_ + number + R"(,"text":")" + text_ + "\"}}";
  link.out = "POST /ingest/message HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body;
  link.written = 0;
  link.due = due;
  link.sent = now_;
  link.state = Link::State::busy;
  ++busy_;
  write(link);
}

void Offer::write(Link& link) {
  auto count = ::send(link.fd, link.out.data() + link.written, link.out.size() - link.written, MSG_NOSIGNAL);
  if (count > 0) link.written += static_cast<std::size_t>(count);
  bool is_all = link.written == link.out.size();
  watch(link, is_all ? EPOLLIN : EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

void Offer::count(Link& link, const Answer& answer) {
  bool later = answer.status == 503 || answer.status == 429;
  if (later && answer.retry_after < 1) ++without_retry_after_;
  if (link.state != Link::State::busy) {
    ++connections_refused_;
    return;
  }
  --busy_;
  link.state = Link::State::connecting;
  auto& told = told_[link.message];
  if (answer.status == 200) {
    told = accepted;
    if (now_ > end_) return;
    ++accepted_;
    waits_.push_back(static_cast<float>(seconds(now_ - link.sent)));
    auto tenth = static_cast<std::size_t>(seconds(now_ - start_) / length_ * 10);
    waits_by_tenth_[std::min<std::size_t>(tenth, 9)].push_back(waits_.back());
    waits_from_due_.push_back(static_cast<float>(seconds(now_ - link.due)));
  } else if (answer.is_unknown) {
    ++unknown_;
  } else {
    told = refused;
    ++(later ? refused_ : other_);
  }
}

bool Offer::take_answer(Link& link) {
  auto head = link.in.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  auto number = [&](const char* name) {
    auto at = link.in.find(name);
    return at < head ? std::atoi(link.in.c_str() + at + std::string_view(name).size()) : 0;
  };
  auto size = head + 4 + static_cast<std::size_t>(number("Content-Length: "));
  if (link.in.size() < size) return false;
  Answer answer{std::atoi(link.in.c_str() + 9), number("Retry-After: ")};
  answer.closes = link.in.find("Connection: close") < head;
  answer.is_unknown = answer.status != 200 && link.in.find("unknown", head) < size;
  link.in.erase(0, size);
  count(link, answer);
  if (answer.closes)
    close(link, std::chrono::seconds(answer.retry_after));
  else
    link.state = Link::State::idle, idle_.push_back(&link);
  return true;
}

void Offer::on_event(Link& link, std::uint32_t events) {
  if (link.state == Link::State::down) return;
  if (link.state == Link::State::connecting && (events & EPOLLOUT) && !(events & (EPOLLERR | EPOLLHUP))) {
    link.state = Link::State::idle;
    idle_.push_back(&link);
    watch(link, EPOLLIN, EPOLL_CTL_MOD);
  }
  if (link.state == Link::State::busy && (events & EPOLLOUT) && link.written < link.out.size()) write(link);
  if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
  char piece[16384];
  auto got = ::recv(link.fd, piece, sizeof piece, 0);
  if (got > 0) {
    link.in.append(piece, static_cast<std::size_t>(got));
    take_answer(link);
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    close(link, 100ms);
  }
}

/// What is due by now, and what has waited too long for a connection.
void Offer::issue() {
  if (now_ >= end_) {
    unsent_ += due_.size();
    return due_.clear();
  }
  if (rate_ == 0) {
    for (; !idle_.empty(); ++issued_) {
      auto* link = idle_.back();
      idle_.pop_back();
      send(*link, now_);
    }
    return;
  }
  for (auto all = static_cast<std::size_t>(seconds(now_ - start_) * rate_); issued_ < all; ++issued_)
    due_.push_back(start_ + std::chrono::duration_cast<Steady::duration>(
                                std::chrono::duration<double>(static_cast<double>(issued_) / rate_)));
  for (; !due_.empty() && due_.front() + patience < now_; due_.pop_front()) ++unsent_;
  for (; !due_.empty() && !idle_.empty(); due_.pop_front()) {
    auto* link = idle_.back();
    idle_.pop_back();
    send(*link, due_.front());
  }
}

void Offer::run() {
  now_ = Steady::now();
  start_ = now_;
  end_ = start_ + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(length_));
  std::vector<epoll_event> events(1024);
  for (auto look = start_; now_ < end_ || (busy_ != 0 && now_ < end_ + last_answers);) {
    if (now_ >= look) {
      int opened = 0;
      for (auto& link : links_)
        if (link.state == Link::State::down && link.not_before <= now_ && now_ < end_ && ++opened <= 500) open(link);
      look = now_ + 20ms;
    }
    issue();
    auto count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1);
    now_ = Steady::now();
    for (int i = 0; i < count; ++i)
      on_event(*static_cast<Link*>(events[static_cast<std::size_t>(i)].data.ptr),
               events[static_cast<std::size_t>(i)].events);
  }
  for (auto& link : links_)
    if (link.state != Link::State::down) close(link, 0s);
}

double percentile(std::vector<float> of, double part) {
  if (of.empty()) return 0;
  auto at = of.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(of.size() - 1) * part);
  std::nth_element(of.begin(), at, of.end());
  return *at;
}

void Offer::print() const {
  std::printf(
      "{\"offered\":%zu,\"sent\":%zu,\"accepted\":%zu,\"rate\":%.1f,\"refused\":%zu,\"connections_refused\":%zu,"
      "\"without_retry_after\":%zu,\"unknown\":%zu,\"other\":%zu,\"unsent\":%zu,\"p50_ms\":%.1f,\"p99_ms\":%.1f,"
      "\"p99_from_due_ms\":%.1f,\"p99_over_time_ms\":[",
      issued_, told_.size(), accepted_, static_cast<double>(accepted_) / length_, refused_, connections_refused_,
      without_retry_after_, unknown_, other_, unsent_, percentile(waits_, 0.5) * 1e3, percentile(waits_, 0.99) * 1e3,
      percentile(waits_from_due_, 0.99) * 1e3);
  for (std::size_t i = 0; i < waits_by_tenth_.size(); ++i)
    std::printf("%s%.0f", i ? "," : "", percentile(waits_by_tenth_[i], 0.99) * 1e3);
  std::printf("]}\n");
}

/// Every accepted message is on the topic once, none that was refused is; of the others either is right.
int check(const char* bootstrap, const char* name, const char* file) {
  using namespace loom;
  std::ifstream in(file, std::ios::binary);
  std::string told((std::istreambuf_iterator<char>(in)), {});
  model::ClusterSettings settings;
  settings.bootstrap = bootstrap;
  TopicName topic{name};
  auto log = Log::to_stderr("check", LogLevel::warn);
  auto admin = kafka::Admin::open(settings, log);
  std::vector<model::TopicPartition> partitions;
  for (int i = 0; i < 6; ++i) partitions.push_back({topic, Partition{i}});
  auto marks = (*admin)->watermarks(partitions, 30s);
  if (!marks) return std::fprintf(stderr, "%s\n", to_string(marks.error()).c_str()), 70;
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (const auto& [partition, mark] : *marks) ranges[partition] = {mark.low, mark.high};
  std::vector<unsigned char> found(told.size(), 0);
  std::size_t records = 0;
  auto mark = mark_of(file);
  auto done = kafka::read(
      settings, ranges,
      [&](const kafka::Record* record) {
        if (!record) return true;
        auto value = record->value();
        auto at = value.find(mark);
        if (at == value.npos) return true;
        auto number = std::strtoul(std::string(value.substr(at + mark.size(), 12)).c_str(), nullptr, 10);
        ++records;
        if (number < found.size() && found[number] < 255) ++found[number];
        return true;
      },
      log);
  if (!done) return std::fprintf(stderr, "%s\n", to_string(done.error()).c_str()), 70;
  std::size_t accepts = 0, missing = 0, doubled = 0, refused_there = 0;
  for (std::size_t i = 0; i < told.size(); ++i) {
    accepts += told[i] == accepted;
    missing += told[i] == accepted && found[i] == 0;
    doubled += found[i] > 1;
    refused_there += told[i] == refused && found[i] != 0;
  }
  std::printf("{\"records\":%zu,\"accepted\":%zu,\"missing\":%zu,\"doubled\":%zu,\"refused_and_there\":%zu}\n", records,
              accepts, missing, doubled, refused_there);
  return missing + doubled + refused_there == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "check") return check(argv[2], argv[3], argv[4]);
  if (argc != 7) return 64;
  auto size = [&](int i) { return static_cast<std::size_t>(std::atoll(argv[i])); };
  Offer offer(std::atoi(argv[1]), std::atof(argv[2]), std::atof(argv[3]), size(4), size(5), argv[6]);
  offer.run();
  offer.print();
  offer.save();
}
