// The RADIUS reader against anything: as it comes, and once more with length and authenticator put right, so that what
// only the holder of a secret could send is tried too.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "identity/account_name.h"
#include "identity/message_digest.h"
#include "identity/radius.h"

namespace {

using namespace schoolgate::identity;
using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view kSecret = "fuzz-secret";

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

void look_at(const AccountingRequest& request) {
  require(request.user.size() <= 253);
  require(request.more_addresses.size() <= 8);
  require(request.session_id.size() <= 129);
  for (const char c : request.session_id) require(c > 0x20 && c < 0x7F);
  require(request.mac.empty() || mac_address(request.mac) == request.mac);
  if (const auto name = account_name(request.user)) require(account_name(*name) == name);
  (void)machine_name(request.user);
  require(accounting_response(request, kSecret)->size() == 20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of its own size: the sanitizer sees one byte too far.
  const std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[size]);
  if (size > 0) std::memcpy(copy.get(), data, size);
  if (const auto request = read_accounting_request({copy.get(), size}, kSecret)) look_at(*request);

  if (size < 20 || size > kLongestRadiusPacket) return 0;
  copy[0] = 4;
  copy[2] = std::uint8_t(size >> 8);
  copy[3] = std::uint8_t(size);
  std::memset(copy.get() + 4, 0, 16);
  const auto digest = md5({text({copy.get(), size}), kSecret});
  std::memcpy(copy.get() + 4, digest->data(), 16);
  const auto request = read_accounting_request({copy.get(), size}, kSecret);
  if (request)
    look_at(*request);
  else
    require(request.error() == RadiusRefusal::bad_attribute || request.error() == RadiusRefusal::no_status ||
            request.error() == RadiusRefusal::no_session);
  return 0;
}
