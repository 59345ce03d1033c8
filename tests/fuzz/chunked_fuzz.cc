// Any bytes as a chunked body. What must hold: any split decodes to what the whole decodes to; what is encoded anew
// decodes to the same body.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proxy/http/chunked.h"

namespace {

using namespace schoolgate::http;
using Status = ChunkDecoder::Status;

void must(bool holds) {
  if (!holds) std::abort();
}

struct Decoded {
  Status status = Status::need_more;
  std::size_t consumed = 0;
  std::string body, trailers;
  bool operator==(const Decoded&) const = default;
};

// Pieces of `piece` bytes, growing by `growth` each time.
Decoded decode(std::string_view bytes, std::size_t piece, std::size_t growth) {
  Decoded out;
  ChunkDecoder decoder;
  while (out.status == Status::need_more && out.consumed < bytes.size()) {
    std::string part(bytes.substr(out.consumed, piece));
    const auto step = decoder.decode(part);
    must(step.consumed <= part.size() && step.decoded <= step.consumed);
    must(step.status != Status::need_more || step.consumed == part.size());
    out.status = step.status;
    out.consumed += step.consumed;
    out.body += part.substr(0, step.decoded);
    piece += growth;
  }
  out.trailers = decoder.trailers();
  return out;
}

}  // namespace

// The first byte says how the rest is split.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Decoded whole = decode(bytes, bytes.size() + 1, 0);
  must(decode(bytes, 1 + data[0] % 16, data[0] / 16) == whole);
  must(decode(bytes, 1, 0) == whole);
  if (whole.status != Status::finished) return 0;

  std::array<char, 20> room;
  std::string anew;
  if (!whole.body.empty()) anew += std::string(chunk_size_line(whole.body.size(), room)) + whole.body + "\r\n";
  anew += "0\r\n" + whole.trailers + "\r\n";
  const Decoded again = decode(anew, anew.size(), 0);
  must(again.status == Status::finished && again.body == whole.body && again.trailers == whole.trailers);
  must(again.consumed == anew.size());
  return 0;
}
