#include "store/state_key.h"

#include <array>

#include "base/file.h"
#include "store/only_ask.h"

namespace schoolgate::store {
namespace {

constexpr std::size_t kHexLength = 64;

std::filesystem::path key_file(const std::filesystem::path& folder) { return folder / "state.key"; }

}  // namespace

Result<StateKey> StateKey::load(const std::filesystem::path& folder) {
  auto text = read_file(key_file(folder), 4096);
  if (!text) return std::unexpected(text.error());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->size() != kHexLength || text->find_first_not_of("0123456789abcdef") != std::string::npos)
    return fail(Fault::host, key_file(folder).string() + " is not a state key", "restore it from a backup");
  StateKey key;
  key.secret_ = *std::move(text);
  return key;
}

Result<StateKey> StateKey::load_or_create(const std::filesystem::path& folder) {
  std::error_code error;
  if (only_asks() || std::filesystem::exists(key_file(folder), error) || error) return load(folder);
  std::array<std::uint8_t, 32> random;
  fill_random(random);
  StateKey key;
  key.secret_ = to_hex(random);
  key.is_new_ = true;
  if (auto written = replace_file(key_file(folder), key.secret_ + "\n", 0600); !written)
    return std::unexpected(written.error());
  return key;
}

Sha256 StateKey::sign(std::string_view purpose, std::string_view bytes) const {
  const Sha256 derived = hmac_sha256(secret_, purpose);
  return hmac_sha256({reinterpret_cast<const char*>(derived.data()), derived.size()}, bytes);
}

}  // namespace schoolgate::store
