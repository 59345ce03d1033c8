#include "app/sealed_key.h"

#include <algorithm>

#include "base/digest.h"
#include "base/file.h"

namespace schoolgate::app {

Result<blocklists::SealedKey> read_sealed_key(const std::filesystem::path& path) {
  blocklists::SealedKey key{};
  auto bytes = read_file(path, key.size());
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (bytes->size() != key.size())
    return fail(Fault::host, path.string() + " is not the key of sealed lists", "it holds 32 bytes; restore it");
  std::ranges::copy(*bytes, key.begin());
  return key;
}

Result<blocklists::SealedKey> read_or_make_sealed_key(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) || error) return read_sealed_key(path);
  blocklists::SealedKey key{};
  fill_random(key);
  if (auto written = replace_file(path, {reinterpret_cast<const char*>(key.data()), key.size()}); !written)
    return std::unexpected(std::move(written.error()));
  return key;
}

}  // namespace schoolgate::app
