#include "blocklists/proof.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/signature.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (const auto line = trimmed(text.substr(0, end)); !line.empty()) out.push_back(line);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return out;
}

template <std::size_t N>
std::array<std::uint8_t, N> bytes_at(std::string_view text, std::size_t at) {
  std::array<std::uint8_t, N> out{};
  std::copy_n(text.begin() + std::ptrdiff_t(at), N, out.begin());
  return out;
}

std::unexpected<Error> unreadable_key() {
  return fail(Fault::config, "the public key is neither a minisign key nor an Ed25519 PEM");
}

// https://jedisct1.github.io/minisign/: algorithm (2), key id (8), key (32) or signature (64), in base64 after a
// comment.
Result<Signed> check_minisign(std::string_view content, const std::vector<std::string_view>& lines,
                              std::string_view public_key) {
  const auto key_lines = lines_of(public_key);
  if (key_lines.empty()) return unreadable_key();
  const auto key = from_base64(key_lines.back());
  if (!key || key->size() != 42 || !key->starts_with("Ed")) return unreadable_key();
  const auto refuse = [](const char* what) { return fail(Fault::upstream, std::string("the signature ") + what); };
  if (lines.size() != 4 || !lines[2].starts_with("trusted comment: ")) return refuse("is not complete");
  const auto signature = from_base64(lines[1]), global = from_base64(lines[3]);
  if (!signature || signature->size() != 74 || !global || global->size() != 64) return refuse("cannot be read");
  if (signature->substr(2, 8) != key->substr(2, 8)) return refuse("was made with another key");

  const auto verifier = bytes_at<32>(*key, 10);
  const auto over_content = bytes_at<64>(*signature, 10);
  if (signature->starts_with("ED")) {
    const Blake2b512 hash = blake2b512(content);
    if (!verify_ed25519(verifier, {reinterpret_cast<const char*>(hash.data()), hash.size()}, over_content))
      return refuse("does not fit the file");
  } else if (!signature->starts_with("Ed") || !verify_ed25519(verifier, content, over_content)) {
    return refuse("does not fit the file");
  }
  const std::string_view comment = lines[2].substr(17);
  if (!verify_ed25519(verifier, signature->substr(10) + std::string(comment), bytes_at<64>(*global, 0)))
    return refuse("has a comment that was changed");
  Signed out;
  if (const auto at = comment.find("timestamp:"); at != std::string_view::npos)
    std::from_chars(comment.data() + at + 10, comment.data() + comment.size(), out.timestamp);
  return out;
}

}  // namespace

Result<void> check_sha256(std::string_view content, std::string_view file_name, std::string_view sums) {
  const auto lines = lines_of(sums);
  std::string_view expected;
  for (std::string_view line : lines) {
    if (line.starts_with('\\')) line.remove_prefix(1);
    const std::string_view sum = take_word(line);
    if (line.starts_with('*')) line.remove_prefix(1);
    if (const auto slash = line.rfind('/'); slash != std::string_view::npos) line = line.substr(slash + 1);
    if (line == file_name || lines.size() == 1) expected = sum;
  }
  if (expected.empty())
    return fail(Fault::upstream, "the checksum file has no line for '" + std::string(file_name) + "'");
  if (to_hex(sha256(content)) != ascii_lower(expected))
    return fail(Fault::upstream, "the checksum does not fit the file");
  return {};
}

Result<Signed> check_signature(std::string_view content, std::string_view signature, std::string_view public_key) {
  const auto lines = lines_of(signature);
  if (!lines.empty() && lines[0].starts_with("untrusted comment:")) return check_minisign(content, lines, public_key);
  const auto key = ed25519_key_from_pem(public_key);
  if (!key) return unreadable_key();
  std::string raw(signature);
  if (raw.size() != 64)
    raw = from_base64(trimmed(lines.empty() ? std::string_view{} : lines[0])).value_or(std::string());
  if (raw.size() != 64) return fail(Fault::upstream, "the signature cannot be read");
  if (!verify_ed25519(*key, content, bytes_at<64>(raw, 0)))
    return fail(Fault::upstream, "the signature does not fit the file");
  return Signed{};
}

}  // namespace schoolgate::blocklists
