// Any bytes as a response head, after any kind of request. What must hold: a prefix is never complete unless the whole
// is; two looks say what one says; what is written towards the client reads back with the same framing.
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

void reads_back(const ResponseHead& head, const RequestHead& request) {
  static std::string room(256 * 1024, '\0');
  HeadWriter out(room);
  write_response_head(out, head, request, ClientFraming::as_received, true, {"schoolgate"});
  must(!out.overflowed());
  if (head.fields.size() > 250) return;
  static const auto again = std::make_unique<ResponseHead>();
  const std::string_view written(room.data(), out.size());
  for (std::size_t i = 0; i < written.size(); ++i) {  // whatever came in: one reading for everybody
    const auto c = static_cast<unsigned char>(written[i]);
    must(c == '\t' || c == '\r' || c == '\n' || (c >= 0x20 && c != 0x7F));
    must(c != '\n' || (i != 0 && written[i - 1] == '\r'));
    must(c != '\r' || written[i + 1] == '\n');
  }
  must(read_response_head(written, 0, {.bytes = 128 * 1024, .fields = 256}, request, *again).kind == Kind::complete);
  must(again->size == written.size() && again->status == head.status && again->websocket == head.websocket);
  must(again->body.framing == head.body.framing && again->body.length == head.body.length);
  must(again->body.framing != Framing::until_close || !again->keep_alive);
}

}  // namespace

// The first byte picks the request that is answered.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const auto request = std::make_unique<RequestHead>();
  request->method = data[0] % 3 == 1 ? Method::head : Method::get;
  request->websocket = data[0] % 3 == 2;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view all = bytes;
  static const auto head = std::make_unique<ResponseHead>();
  static const auto other = std::make_unique<ResponseHead>();
  const auto whole = read_response_head(all, 0, {}, *request, *head);
  must(whole.kind != Kind::bad || whole.status == 502);
  if (whole.kind == Kind::complete) {
    const std::string_view head_bytes = all.substr(0, head->size);
    must(head->size <= all.size() && (head_bytes.ends_with("\n\r\n") || head_bytes.ends_with("\n\n")));
    reads_back(*head, *request);
  }
  for (const std::size_t cut : {all.size() / 2, whole.kind == Kind::complete ? head->size - 1 : all.size() / 3}) {
    const auto part = read_response_head(all.substr(0, cut), 0, {}, *request, *other);
    if (part.kind == Kind::complete)
      must(whole.kind == Kind::complete && head->size == other->size && cut >= head->size);
    if (part.kind == Kind::bad) must(whole.kind == Kind::bad);
    if (part.kind == Kind::need_more) {
      const auto resumed = read_response_head(all, cut, {}, *request, *other);
      must(resumed.kind == whole.kind);
    }
  }
  return 0;
}
