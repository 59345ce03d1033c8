#include "proxy/net/deadlines.h"

#include <algorithm>
#include <utility>

namespace schoolgate::net {

Deadline::Deadline(Deadline&& other) noexcept : list_(other.list_) { take_place_of(other); }

Deadline& Deadline::operator=(Deadline&& other) noexcept {
  if (this != &other) {
    unlink();
    list_ = other.list_;
    take_place_of(other);
  }
  return *this;
}

void Deadline::take_place_of(Deadline& other) noexcept {
  due_ = std::exchange(other.due_, kNever);
  bucket_tick_ = other.bucket_tick_;
  if (bucket_tick_ == 0) return;
  previous = other.previous;
  next = &other;
  previous->next = this;
  other.previous = this;
  other.unlink();
}

void Deadline::unlink() noexcept {
  previous->next = next;
  next->previous = previous;
  previous = next = this;
  bucket_tick_ = 0;
}

void Deadline::expire_after(std::chrono::seconds limit) noexcept {
  const auto seconds = std::uint32_t(std::clamp<std::int64_t>(limit.count(), 0, 1 << 30));
  // One more, because the tick that is running has already begun.
  due_ = list_->now_ + seconds + 1;
  if (bucket_tick_ != 0 && bucket_tick_ <= due_) return;
  list_->link(*this);
}

DeadlineList::DeadlineList() noexcept = default;

DeadlineList::~DeadlineList() {
  for (DeadlineLink& head : buckets_)
    while (head.next != &head) static_cast<Deadline*>(head.next)->unlink();
}

void DeadlineList::link(Deadline& entry) noexcept {
  entry.unlink();
  entry.bucket_tick_ = std::min(entry.due_, now_ + kBuckets - 1);
  DeadlineLink& head = buckets_[entry.bucket_tick_ % kBuckets];
  entry.previous = head.previous;
  entry.next = &head;
  head.previous->next = &entry;
  head.previous = &entry;
}

void DeadlineList::advance(std::uint32_t seconds) {
  for (; seconds > 0; --seconds) {
    ++now_;
    expire_bucket();
  }
}

void DeadlineList::expire_bucket() {
  // on_deadline() may destroy any entry or set new deadlines; those are at least a tick away and land in other buckets,
  // so taking from the front until the circle is empty sees every entry of this bucket once.
  DeadlineLink& head = buckets_[now_ % kBuckets];
  while (head.next != &head) {
    auto& entry = *static_cast<Deadline*>(head.next);
    entry.unlink();
    if (entry.due_ == Deadline::kNever) continue;
    if (entry.due_ > now_) {
      link(entry);
    } else {
      entry.due_ = Deadline::kNever;
      entry.on_deadline();
    }
  }
}

awaitable<void> run_ticks(DeadlineList& deadlines) {
  using Clock = std::chrono::steady_clock;
  Timer timer(co_await asio::this_coro::executor);
  Clock::time_point last = Clock::now();
  for (;;) {
    timer.expires_at(last + std::chrono::seconds(1));
    if (const auto [error] = co_await timer.async_wait(as_tuple); error) co_return;
    const auto passed = std::chrono::floor<std::chrono::seconds>(Clock::now() - last);
    last += passed;
    deadlines.advance(std::uint32_t(passed.count()));
  }
}

}  // namespace schoolgate::net
