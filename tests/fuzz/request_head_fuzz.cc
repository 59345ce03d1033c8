// Any bytes as a request head. What must hold: a prefix is never complete unless the whole is; two looks say what one
// says; what is written on reads back as the same message.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "proxy/http/read_head.h"
#include "proxy/http/write_head.h"

namespace {

using namespace schoolgate::http;
using Kind = HeadOutcome::Kind;

void must(bool holds) {
  if (!holds) std::abort();
}

void reads_back(const RequestHead& head) {
  static std::string room(256 * 1024, '\0');
  HeadWriter out(room);
  const bool empty = head.host.empty();
  write_request_head(out, head, head.target, empty ? "judged.example" : head.host, {"schoolgate"});
  must(!out.overflowed());
  static const auto again = std::make_unique<RequestHead>();
  const std::string_view written(room.data(), out.size());
  // What is added (Host, Via) may not fit bounds that the head itself just met.
  const auto outcome = read_request_head(written, 0, {.bytes = 128 * 1024, .fields = 256}, *again);
  if (head.fields.size() > 250) return;
  must(outcome.kind == Kind::complete);
  must(again->size == written.size());
  must(again->method == head.method && again->method_text == head.method_text && again->target == head.target);
  must(again->body.framing == head.body.framing && again->body.length == head.body.length);
  must(empty || again->host == head.host);
  must(again->websocket == head.websocket && again->expect_continue == head.expect_continue);
  must(again->keep_alive);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view all = bytes;
  static const auto head = std::make_unique<RequestHead>();
  static const auto other = std::make_unique<RequestHead>();
  const auto whole = read_request_head(all, 0, {}, *head);
  if (whole.kind == Kind::complete) {
    must(head->size <= size && all.substr(0, head->size).ends_with("\r\n\r\n"));
    reads_back(*head);
  }
  if (size == 0) return 0;
  for (const std::size_t cut : {size / 2, size - 1, whole.kind == Kind::complete ? head->size - 1 : size / 3}) {
    const auto part = read_request_head(all.substr(0, cut), 0, {}, *other);
    if (part.kind == Kind::complete)
      must(whole.kind == Kind::complete && head->size == other->size && cut >= head->size);
    if (part.kind == Kind::bad) must(whole.kind == Kind::bad);
    if (part.kind == Kind::need_more) {
      const auto resumed = read_request_head(all, cut, {}, *other);
      must(resumed.kind == whole.kind && resumed.status == whole.status);
      must(whole.kind != Kind::complete || other->size == head->size);
    }
  }
  return 0;
}
