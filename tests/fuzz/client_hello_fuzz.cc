// The ClientHello reader against anything: whole and in pieces it must say the same, and never look outside its bytes.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "proxy/tls/client_hello.h"
#include "proxy/tls/hello_retry.h"

namespace {

using namespace schoolgate::tls;

void require(bool holds) {
  if (!holds) std::abort();
}

bool lies_in(const void* begin, std::size_t size, Octets where) {
  const auto* at = static_cast<const std::uint8_t*>(begin);
  return size == 0 || (at >= where.data() && at + size <= where.data() + where.size());
}

// What comes before a second hello ends inside the bytes, and more bytes never take back what was passed over. What a
// first answer is does not change when more of it comes.
void look_for_second_hello(Octets bytes, std::size_t step) {
  const FirstAnswer whole = look_at_first_answer(bytes);
  const std::size_t skipped = records_without_hello(bytes);
  require(skipped == SIZE_MAX || skipped <= bytes.size());
  std::size_t before = 0;
  for (std::size_t so_far = 0; so_far < bytes.size(); so_far += step) {
    const Octets part = bytes.first(so_far);
    const FirstAnswer then = look_at_first_answer(part);
    require(then == FirstAnswer::need_more || then == whole);
    const std::size_t now = records_without_hello(part);
    require(now >= before && (now == SIZE_MAX || now <= so_far));
    before = now;
  }
  require(skipped >= before);
}

}  // namespace

// The first byte says how long the pieces are, the others are what a client sent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = std::size_t(data[0]) + 1;
  // A copy of its own size: the sanitizer sees one byte too far.
  const std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[size - 1]);
  if (size > 1) std::memcpy(copy.get(), data + 1, size - 1);
  const Octets bytes(copy.get(), size - 1);

  std::vector<std::uint8_t> joined;
  const Parsed whole = parse(bytes, joined);
  HelloReader reader;
  Parsed pieces = NeedMore{};
  for (std::size_t so_far = 0; std::holds_alternative<NeedMore>(pieces) && so_far < bytes.size();) {
    so_far = std::min(so_far + step, bytes.size());
    pieces = reader.read(bytes.first(so_far));
  }
  require(whole.index() == pieces.index());
  look_for_second_hello(bytes, step);

  if (const auto* hello = std::get_if<ClientHello>(&whole)) {
    const auto& other = std::get<ClientHello>(pieces);
    const Octets where = hello->records == 1 ? bytes : Octets(joined);
    require(hello->server_name == other.server_name && hello->server_name_kind == other.server_name_kind);
    require(hello->bytes_consumed == other.bytes_consumed && hello->bytes_consumed <= bytes.size());
    require(lies_in(hello->server_name.data(), hello->server_name.size(), where));
    for (const std::string_view protocol : hello->alpn)
      require(!protocol.empty() && lies_in(protocol.data(), protocol.size(), where));
    require(lies_in(hello->supported_versions.data(), hello->supported_versions.size(), where));
    (void)hello->highest_version();
  }
  if (const auto* malformed = std::get_if<Malformed>(&whole))
    require(malformed->why == std::get<Malformed>(pieces).why);
  return 0;
}
