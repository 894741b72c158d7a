#include "ingest/talk.h"

#include "http/problem.h"
#include "ingest/media.h"

namespace loom::ingest {
namespace {

/// Carries one message's answer back into the talk's order; keeps the stream while it is on its way.
class Answer final : public http::Exchange {
 public:
  Answer(std::shared_ptr<Talk> talk, std::shared_ptr<http::Stream> stream, std::size_t number)
      : talk_(std::move(talk)), stream_(std::move(stream)), number_(number) {}
  void answer(std::shared_ptr<http::Exchange>, const http::Reply& reply) override {
    talk_->settle(number_, reply.body);
  }

 private:
  std::shared_ptr<Talk> talk_;
  std::shared_ptr<http::Stream> stream_;
  std::size_t number_;
};

Refusal wrong_order(std::string what, std::string remedy) {
  return refuse(ErrorKind::malformed, std::move(what), {.field = {}, .remedy = std::move(remedy), .code = {}}).value();
}

/// The name of an object's first member, where it is written plainly; "" otherwise.
std::string_view first_member(std::string_view text) {
  auto skip = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size())); };
  skip();
  if (!text.starts_with('{')) return {};
  text.remove_prefix(1);
  skip();
  if (!text.starts_with('"')) return {};
  auto end = text.find_first_of("\"\\", 1);
  return end == std::string_view::npos || text[end] == '\\' ? std::string_view() : text.substr(1, end - 1);
}

}  // namespace

http::Responder Talk::respond(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  waiting_.push_back({false, bytes, {}});
  in_flight_ += bytes;
  return http::Responder(
      std::make_shared<Answer>(shared_from_this(), stream_.lock(), first_ + waiting_.size() - 1));
}

void Talk::settle(std::size_t number, std::string answer) {
  auto stream = stream_.lock();
  std::lock_guard lock(mutex_);
  auto& mine = waiting_[number - first_];
  mine.answered = true;
  mine.answer = std::move(answer);
  in_flight_ -= mine.bytes;
  while (!waiting_.empty() && waiting_.front().answered) {
    if (stream) {
      stream->send(std::move(waiting_.front().answer));
      ++unsent_;
    }
    waiting_.pop_front();
    ++first_;
  }
}

void Talk::on_sent(std::size_t count) {
  std::lock_guard lock(mutex_);
  unsent_ -= std::min(count, unsent_);
}

bool Talk::full() const {
  std::lock_guard lock(mutex_);
  return waiting_.size() + unsent_ >= parts_.window.messages || in_flight_ >= parts_.window.bytes;
}

bool Talk::idle() const {
  std::lock_guard lock(mutex_);
  return waiting_.empty() && unsent_ == 0;
}

void Talk::refuse(const Refusal& refusal) { respond(0).answer(http::reply_of(refusal.error, refusal.details)); }

void Talk::on_refused(const Error& error, int retry_after_s) {
  Refusal refusal{error, {}};
  if (error.kind == ErrorKind::timeout) refusal.details.status = 408;
  if (retry_after_s > 0) refusal.details.retry_after_s = retry_after_s;
  state_ == Media::open ? skip_media(refusal) : refuse(refusal);
}

void Talk::on_message(http::Frame& frame) { frame.binary ? on_media(frame) : on_text(frame); }

void Talk::on_text(http::Frame& frame) {
  auto first = first_member(frame.bytes);
  if (first == "begin") return begin(frame.bytes);
  if (first == "end") return end();
  if (state_ == Media::open)
    return skip_media(wrong_order("a message came between a begin and its end", "send {\"end\":true} first"));
  parts_.intake.message(sender_, frame.bytes, frame.held, respond(frame.bytes.size()));
}

void Talk::begin(std::string_view text) {
  if (state_ == Media::open)
    return skip_media(wrong_order("a begin came before the last one's end", "send {\"end\":true} first"));
  auto begun = parts_.intake.check_begin(sender_, text);
  if (!begun) return skip_media(begun.error());
  state_ = Media::open;
  begun_ = std::move(begun->message);
  media_limit_ = begun->media_limit;
}

void Talk::on_media(http::Frame& frame) {
  if (state_ == Media::skipped) return;
  if (state_ == Media::none)
    return refuse(wrong_order("a binary frame came without a begin", "send {\"begin\":{…}} first"));
  if (media_.size() + frame.bytes.size() > media_limit_)
    return skip_media(parts_.intake.begun_too_large(sender_, begun_));
  media_.empty() ? media_.swap(frame.bytes) : void(media_ += frame.bytes);
  frame.held -= media_.size() - media_held_;  // a frame is held by the piece, and may be much smaller
  media_held_ = media_.size();
}

void Talk::end() {
  auto before = std::exchange(state_, Media::none);
  if (before == Media::skipped) return;
  if (before == Media::none) return refuse(wrong_order("an end came without a begin", "send {\"begin\":{…}} first"));
  auto responder = respond(media_.size());
  parts_.intake.media_message(sender_, std::exchange(begun_, {}), std::exchange(media_, {}), media_held_,
                              std::move(responder));
  drop_media();
}

/// Refused once; what still comes of it is read past.
void Talk::skip_media(const Refusal& refusal) {
  drop_media();
  state_ = Media::skipped;
  refuse(refusal);
}

void Talk::drop_media() {
  std::string().swap(begun_);
  std::string().swap(media_);
  if (media_held_ != 0) parts_.budget->give(std::exchange(media_held_, 0));
}

}  // namespace loom::ingest
