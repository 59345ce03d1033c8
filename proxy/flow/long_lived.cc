#include "proxy/flow/long_lived.h"

#include <utility>

#include "proxy/flow/worker.h"
#include "proxy/http/field_names.h"

namespace schoolgate::flow {
namespace {

// An item may leave the list, and be gone, while it is looked at.
template <class Look>
void for_each(Worker& worker, Look&& look) {
  for (LongLived* item = worker.long_lived().first(); item;) {
    LongLived* const next = item->next;
    look(*item);
    item = next;
  }
}

}  // namespace

void judge_again(Worker& worker, JudgeAgain whose) {
  for_each(worker, [&](LongLived& item) {
    if (whose == JudgeAgain::everything || item.judgement().presence != worker.asking().presence_of(item.connection()))
      item.judge_again();
  });
}

void note_activity(Worker& worker, TimePoint minute) {
  for_each(worker, [&](LongLived& item) {
    const std::uint64_t moved = item.moved();
    if (std::exchange(item.seen, moved) != moved) item.was_active_in(minute);
  });
}

void end_silent(Worker& worker, std::chrono::seconds least) {
  for_each(worker, [&](LongLived& item) {
    if (!item.is_request() && item.silent_for() >= least) item.end();
  });
}

void end_left(Worker& worker) {
  for_each(worker, [](LongLived& item) {
    if (item.was_left()) item.end();
  });
}

void end_all(Worker& worker, bool only_awaited_by_drain) {
  for_each(worker, [&](LongLived& item) {
    if (!only_awaited_by_drain || item.connection().awaited_by_drain) item.end();
  });
}

bool is_stream(const http::ResponseHead& head) noexcept {
  std::string_view type = head.fields.find(http::Name::content_type);
  type = type.substr(0, type.find_first_of("; \t"));
  return http::equal_ignoring_case(type, "text/event-stream") ||
         (type.size() >= 16 && http::equal_ignoring_case(type.substr(0, 16), "application/grpc"));
}

}  // namespace schoolgate::flow
