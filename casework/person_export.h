// Everything that is kept about one person, told piece by piece: the answer to a subject access request.
//
// Over a DeskStore, on its thread; lives as long as one export. It checks no permission and writes no journal:
// Privacy::export_person does both. Addresses are defanged, sealed ones are not told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/local_time.h"
#include "casework/desk_store.h"

namespace schoolgate::casework {

class PersonExport {
 public:
  enum class Form : std::uint8_t {
    json,  ///< JSON lines, one object each with "kind"
    text,  ///< for people
  };
  /// Returns false to stop.
  using Write = std::function<bool(std::string_view)>;

  PersonExport(DeskStore& desk, std::string_view person, Form form, const LocalClock& clock, const Write& write)
      : desk_(desk), person_(person), form_(form), clock_(clock), write_(write) {}

  /// The head of the export, then every piece of every kind. `decisions` is the first of the decision log's files.
  [[nodiscard]] Result<void> tell_all(const std::filesystem::path& decisions, TimePoint now);
  /// How many pieces were told, without the head.
  [[nodiscard]] std::uint64_t pieces() const noexcept { return pieces_; }

 private:
  class Piece;
  [[nodiscard]] Piece piece(std::string_view kind) const;
  void put(Piece& piece);

  [[nodiscard]] Result<void> tell_breaches();
  [[nodiscard]] Result<void> tell_incidents();
  [[nodiscard]] Result<void> tell_page_reports();
  [[nodiscard]] Result<void> tell_entries();
  [[nodiscard]] Result<void> tell_journal();
  [[nodiscard]] Result<void> tell_decisions(const std::filesystem::path& decisions);

  DeskStore& desk_;
  const std::string person_;
  const Form form_;
  const LocalClock& clock_;
  const Write& write_;
  std::uint64_t pieces_ = 0;
  bool going_ = true;
};

}  // namespace schoolgate::casework
