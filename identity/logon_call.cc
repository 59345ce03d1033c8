#include "identity/logon_call.h"

#include <charconv>

#include "base/ascii.h"
#include "base/digest.h"
#include "base/file.h"
#include "identity/account_name.h"

namespace schoolgate::identity {
namespace {

constexpr std::size_t kShortestSecret = 16;
constexpr std::size_t kLongestParameter = 256;

}  // namespace

std::string_view to_string(LogonRefusal refusal) noexcept {
  switch (refusal) {
    case LogonRefusal::malformed:
      return "user, address, event (in, out, lock or unlock), time and signature are needed";
    case LogonRefusal::wrong_signature: return "the signature does not fit";
    case LogonRefusal::stale: return "the time is more than five minutes from the gateway's";
    case LogonRefusal::repeated: return "this call was made before";
    case LogonRefusal::too_many: return "too many calls in five minutes";
  }
  return "refused";
}

Result<LogonCalls> LogonCalls::open(const std::filesystem::path& secret_file) {
  auto text = read_file(secret_file, 4096);
  if (!text) return fail(Fault::config, text.error().what, "identity: logon: secret_file");
  std::string secret = text->substr(0, text->find_first_of("\r\n"));
  if (secret.size() < kShortestSecret)
    return fail(Fault::config,
                "the secret of logon scripts in " + secret_file.string() + " has fewer than 16 characters",
                "make one: openssl rand -hex 32");
  return LogonCalls(std::move(secret));
}

std::string LogonCalls::sign(std::string_view secret, const LogonParameters& parameters) {
  std::string text = "v1";
  for (const std::string* part : {&parameters.user, &parameters.address, &parameters.event, &parameters.time}) {
    text += '\n';
    text += *part;
  }
  return to_hex(hmac_sha256(secret, text));
}

std::expected<LogonCall, LogonRefusal> LogonCalls::judge(const LogonParameters& parameters, TimePoint now) {
  for (const std::string* part : {&parameters.user, &parameters.address, &parameters.event, &parameters.time})
    // A line end inside one would let it pass for two.
    if (part->empty() || part->size() > kLongestParameter || part->contains('\n'))
      return std::unexpected(LogonRefusal::malformed);
  const std::string signature = ascii_lower(parameters.signature);
  if (signature.size() != 64) return std::unexpected(LogonRefusal::malformed);
  if (!equal_in_constant_time(sign(secret_, parameters), signature))
    return std::unexpected(LogonRefusal::wrong_signature);

  const auto user = account_name(parameters.user);
  const auto address = names::IpAddress::parse(parameters.address);
  std::int64_t seconds = 0;
  const std::string& time = parameters.time;
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), seconds);
  const bool in = parameters.event == "in" || parameters.event == "unlock";
  const bool out = parameters.event == "out" || parameters.event == "lock";
  if (!user || !address || error != std::errc{} || end != time.data() + time.size() || seconds < 0 ||
      seconds > 253'402'300'799 || (!in && !out))
    return std::unexpected(LogonRefusal::malformed);
  const TimePoint made{std::chrono::seconds(seconds)};
  if (made - now > kSkew || now - made > kSkew) return std::unexpected(LogonRefusal::stale);

  auto& [mutex, seen, order, kept, counters] = *state_;
  while (!order.empty() && seen.at(order.front()) <= now) {
    seen.erase(order.front());
    order.pop_front();
  }
  if (seen.contains(signature)) return std::unexpected(LogonRefusal::repeated);
  // Forgetting one early would let it be told again.
  if (seen.size() >= kRemembered) return std::unexpected(LogonRefusal::too_many);
  if (!kept.note(signature)) return std::unexpected(LogonRefusal::repeated);
  // Twice the skew: after that its time is stale whatever the clock did in between.
  seen.emplace(signature, now + 2 * kSkew);
  order.push_back(std::move(signature));
  return LogonCall{*user, *address, in};
}

std::expected<LogonCall, LogonRefusal> LogonCalls::read(const LogonParameters& parameters, TimePoint now) {
  const std::scoped_lock lock(state_->mutex);
  auto call = judge(parameters, now);
  if (call)
    ++state_->counters.taken;
  else
    ++state_->counters.refused[std::size_t(call.error())];
  return call;
}

LogonCounters LogonCalls::counters() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->counters;
}

}  // namespace schoolgate::identity
