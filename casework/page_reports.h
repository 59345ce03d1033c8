// What staff and pupils tell of a page: wrongly blocked, or unsuitable and not blocked. A queue for technician and DSL.
//
// Over a DeskStore, on its thread. Anybody may submit, so the rate is bounded here: by device and in all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "casework/desk_store.h"

namespace schoolgate::casework {

struct PageReport {
  enum class Kind : std::uint8_t { wrongly_blocked, unsuitable };
  enum class State : std::uint8_t { fresh, in_hand, changed, declined, passed_to_dsl };
  std::string id, reference;
  Kind kind = Kind::wrongly_blocked;
  State state = State::fresh;
  TimePoint at;
  std::string address;                ///< as typed, the query cut; "sealed" when it is on a sealed list. Show defanged.
  std::string breach_reference;       ///< from the block page; may be empty
  std::string said;                   ///< what the reporter wrote
  std::string name;                   ///< as the reporter gave it; may be empty
  std::string person, device, group;  ///< as the gateway knew them
  std::string handled_by, answer;     ///< the latest
  std::optional<TimePoint> handled_at;
  std::vector<Entry> answers;  ///< all, oldest first: `choice` is the state; only from find()
};
[[nodiscard]] std::string_view to_string(PageReport::Kind kind) noexcept;
[[nodiscard]] std::optional<PageReport::Kind> report_kind_from(std::string_view text) noexcept;
[[nodiscard]] std::string_view to_string(PageReport::State state) noexcept;
[[nodiscard]] std::optional<PageReport::State> report_state_from(std::string_view text) noexcept;

struct PageReportFilter {
  std::optional<PageReport::State> state;
  std::optional<PageReport::Kind> kind;
  bool only_open = false;  ///< fresh, in hand or passed on
  std::size_t offset = 0, limit = 50;
};

class PageReports {
 public:
  static constexpr std::size_t kPerDeviceAnHour = 10, kAnHour = 200;
  explicit PageReports(DeskStore& desk) : desk_(desk) {}

  /// Of `report`: kind, address, breach_reference, said, name, person, device, group. `sealed`: the judge says that the
  /// address is on a sealed list; then it is not kept. Returns the reference. Fault client: unfit text, no address, too
  /// many in the hour.
  [[nodiscard]] Result<std::string> submit(const PageReport& report, bool sealed, TimePoint now);
  /// Newest first. Technicians and administrators get no person and no name; governors nothing.
  [[nodiscard]] Result<std::vector<PageReport>> list(const Viewer& viewer, const PageReportFilter& filter);
  [[nodiscard]] Result<std::optional<PageReport>> find(const Viewer& viewer, std::string_view id_or_reference);
  /// The person at the device, also where find() withholds it: for the journal of views, never for a page.
  [[nodiscard]] Result<std::string> reporter(std::string_view id);
  /// Adds an answer; earlier ones stay. The reporter reads it, so that a decision (changed, declined) needs one. `seen`
  /// as for Incidents: DeskStore::version of the reference.
  [[nodiscard]] Result<void> handle(const Viewer& viewer, std::string_view id, PageReport::State state,
                                    std::string_view answer, TimePoint now,
                                    std::optional<std::uint64_t> seen = std::nullopt);
  /// What the reporter of the page may read: the decision and the texts written to them, without names.
  struct Answer {
    PageReport::State state = PageReport::State::fresh;
    std::vector<std::pair<TimePoint, std::string>> texts;  ///< oldest first
  };
  /// By the whole reference only; nullopt when there is no such report.
  [[nodiscard]] Result<std::optional<Answer>> answer_to(std::string_view reference);
  [[nodiscard]] Result<std::uint64_t> open_count();

 private:
  DeskStore& desk_;
};

}  // namespace schoolgate::casework
