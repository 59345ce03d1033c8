// What the running gateway has seen of looking inside TLS since its start: how much it opened, and which hosts' clients
// did not accept the school's certificate.
//
// The gateway tells it on its control socket ("opened", "distrust", "shared"), `inspect-report` asks. Noted for people:
// nothing is opened or left closed because of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "proxy/flow/coalescing.h"
#include "proxy/flow/distrust_notes.h"

namespace schoolgate::app {

/// Connections since the start.
struct OpenedShare {
  std::uint64_t inspected = 0;  ///< opened
  std::uint64_t spliced = 0;    ///< relayed without looking inside
  bool operator==(const OpenedShare&) const = default;
};

struct InspectionSeen {
  OpenedShare share;
  std::vector<flow::DistrustNotes::Note> distrusted;  ///< most often first
  /// Relayed unopened although the same connection can carry a site that is refused; by host.
  std::vector<flow::CertificateNames::Unwatched> shared{};
};

/// "host TAB times TAB first TAB last" for each, times in RFC 3339: the answer to "distrust".
[[nodiscard]] std::string distrust_lines(const std::vector<flow::DistrustNotes::Note>& notes);
/// Lines that are not of that form are passed over.
[[nodiscard]] std::vector<flow::DistrustNotes::Note> read_distrust_lines(std::string_view text);
/// "inspected TAB spliced": the answer to "opened".
[[nodiscard]] std::string share_line(const OpenedShare& share);
[[nodiscard]] std::optional<OpenedShare> read_share_line(std::string_view text);

/// Nothing when no gateway that can tell runs on `state`, or this user may not ask it.
[[nodiscard]] std::optional<InspectionSeen> ask_what_was_seen(const std::filesystem::path& state);

/// For people: a line about the share, and one for each host.
[[nodiscard]] std::string seen_text(const InspectionSeen& seen);
/// The fields "connections", "distrusted" and "shared" of an object; null all three when no gateway could be asked.
void write_seen(JsonWriter& json, const std::optional<InspectionSeen>& seen);

}  // namespace schoolgate::app
