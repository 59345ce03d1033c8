#include "identity/password.h"

#include <argon2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>

#include "base/ascii.h"
#include "base/digest.h"
#include "rules/utf8.h"

namespace schoolgate::identity {
namespace {

constexpr std::uint32_t kKibibytes = 19 * 1024, kPasses = 2, kLanes = 1;
constexpr std::size_t kSaltBytes = 16, kHashBytes = 32;

struct Cost {
  std::uint32_t kibibytes = 0, passes = 0, lanes = 0;
  bool operator==(const Cost&) const = default;
};

/// The cost that "$argon2id$v=19$m=…,t=…,p=…$" names; nothing for anything else.
std::optional<Cost> cost_of(std::string_view encoded) noexcept {
  Cost cost;
  const auto take = [&](std::string_view word) {
    if (!encoded.starts_with(word)) return false;
    encoded.remove_prefix(word.size());
    return true;
  };
  const auto take_number = [&](std::uint32_t& number) {
    const auto [end, error] = std::from_chars(encoded.data(), encoded.data() + encoded.size(), number);
    if (error != std::errc{}) return false;
    encoded.remove_prefix(std::size_t(end - encoded.data()));
    return true;
  };
  if (take("$argon2id$v=19$m=") && take_number(cost.kibibytes) && take(",t=") && take_number(cost.passes) &&
      take(",p=") && take_number(cost.lanes) && take("$"))
    return cost;
  return std::nullopt;
}

bool is_bearable(const Cost& cost) noexcept {
  return cost.kibibytes <= 256 * 1024 && cost.passes <= 16 && cost.lanes <= 16;
}

// The commonest choices of the lists that leaked, and what people at a school think of; longer ones are built of these.
constexpr std::string_view kCommon[] = {
    "password",   "passw0rd", "password1",     "password123", "123456",       "1234567",    "12345678", "123456789",
    "1234567890", "qwerty",   "qwertyui",      "qwerty123",   "qwertyuiop",   "1q2w3e4r",   "1qaz2wsx", "abc123",
    "abcd1234",   "abcdefgh", "iloveyou",      "princess",    "sunshine",     "football",   "baseball", "liverpool",
    "arsenal",    "chelsea",  "dragon",        "monkey",      "letmein",      "welcome",    "welcome1", "welcome123",
    "admin",      "admin123", "administrator", "changeme",    "changeme123",  "default",    "secret",   "trustno1",
    "superman",   "pokemon",  "minecraft",     "charlie",     "computer",     "internet",   "school",   "school123",
    "teacher",    "teacher1", "teacher123",    "headteacher", "safeguarding", "schoolgate", "november", "december",
    "september",  "october",  "february",      "january",     "summer",       "winter",     "autumn",   "spring"};

std::size_t characters_of(std::string_view text) noexcept {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(rules::next_code_point(text).second);
  return count;
}

/// Without the digits and marks that people put behind a word when they are told to.
std::string_view without_tail(std::string_view text) noexcept {
  while (!text.empty() && !((text.back() >= 'a' && text.back() <= 'z') || (text.back() & 0x80))) text.remove_suffix(1);
  return text;
}

bool is_one_run(std::string_view text) noexcept {
  if (text.size() < 2) return true;
  const int step = text[1] - text[0];
  if (step < -1 || step > 1) return false;
  for (std::size_t i = 1; i < text.size(); ++i)
    if (text[i] - text[i - 1] != step) return false;
  return true;
}

bool is_common(std::string_view text) noexcept {
  return is_one_run(text) || std::ranges::find(kCommon, text) != std::end(kCommon);
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (password.size() > kLongestPassword)
    return fail(Fault::client, "the password is longer than 256 bytes", "choose a shorter one");
  std::array<std::uint8_t, kSaltBytes> salt;
  fill_random(salt);
  std::string encoded(argon2_encodedlen(kPasses, kKibibytes, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int done = argon2id_hash_encoded(kPasses, kKibibytes, kLanes, password.data(), password.size(), salt.data(),
                                         salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (done != ARGON2_OK)
    return fail(Fault::host, std::string("cannot hash a password: ") + argon2_error_message(done),
                "19 MiB of memory must be free for it");
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool verify_password(const std::string& encoded, std::string_view password) noexcept {
  const auto cost = cost_of(encoded);
  if (!cost || !is_bearable(*cost) || password.size() > kLongestPassword) return false;
  return argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

void verify_nobody(std::string_view password) noexcept {
  std::array<std::uint8_t, kSaltBytes> salt{};
  std::array<std::uint8_t, kHashBytes> hash;
  if (password.size() > kLongestPassword) return;
  (void)argon2id_hash_raw(kPasses, kKibibytes, kLanes, password.data(), password.size(), salt.data(), salt.size(),
                          hash.data(), hash.size());
}

bool needs_rehash(std::string_view encoded) noexcept { return cost_of(encoded) != Cost{kKibibytes, kPasses, kLanes}; }

std::optional<std::string> weakness_of(std::string_view password, std::string_view user) {
  if (characters_of(password) < kShortestPassword)
    return "Use at least 8 characters: three random words are a good choice.";
  if (password.size() > kLongestPassword) return "Use at most 256 bytes.";
  if (password.find('\0') != password.npos) return "Leave out characters that no keyboard has.";
  const std::string small = ascii_lower(password), name = ascii_lower(user);
  const bool has_name = name.size() >= 3 && small.find(name) != small.npos;
  if (has_name && small.size() - name.size() < kShortestPassword) return "Choose something that is not your user name.";
  const std::string_view word = without_tail(small);
  if (is_common(small) || (!word.empty() && is_common(word)))
    return "Too many people choose this one: three random words are a good choice.";
  return std::nullopt;
}

}  // namespace schoolgate::identity
