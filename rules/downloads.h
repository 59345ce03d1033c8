// What a group may not download, compiled, and the question put to a response's head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/policy_spec.h"
#include "rules/response_facts.h"

namespace schoolgate::rules {

/// Immutable inside a snapshot; any thread may ask.
class Downloads {
 public:
  Downloads() = default;
  explicit Downloads(const DownloadSpec& spec);

  /// What stands against this response: ".exe", "application/x-msdownload" or "more than 200 MiB", as a view into this
  /// object; empty: nothing. `path` is that of the address.
  [[nodiscard]] std::string_view refusal(std::string_view path, const ResponseFacts& facts) const;
  [[nodiscard]] std::uint64_t max_size() const noexcept { return max_size_; }

  SourcePosition at;

 private:
  std::vector<std::string> types_;       ///< lower case; "video/*" is every type of its kind
  std::vector<std::string> extensions_;  ///< lower case, with the dot
  std::uint64_t max_size_ = 0;
  std::string too_large_;
};

/// The name under which a response would be saved: of filename* or filename (RFC 6266), without folders; empty when the
/// field names none.
[[nodiscard]] std::string saved_name(std::string_view content_disposition);

}  // namespace schoolgate::rules
