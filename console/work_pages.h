// What the pages of work share: who may have it, and the fields of a form that gives it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "casework/assignments.h"
#include "casework/duty.h"
#include "console/desk.h"

namespace schoolgate::console {

/// Accounts that lead safeguarding and are not switched off.
[[nodiscard]] Result<std::vector<casework::Colleague>> colleagues(identity::UserDatabase& users);
[[nodiscard]] Result<std::vector<casework::Colleague>> colleagues(const Desk& desk);
/// Who is there, among those whom colleagues() gives: an account that was switched off has no work.
[[nodiscard]] Result<casework::Duty> duty_of(const Desk& desk, const Visit& visit);
/// The options `owners` of a form, with `chosen` picked, and the day that it begins with.
[[nodiscard]] Result<void> set_owners(const Desk& desk, const Visit& visit, std::string_view chosen, web::View& view);
/// The fields `owner` and `due` of the form that was sent. Fault client: no such colleague, or no day.
[[nodiscard]] Result<casework::Assigned> assigned_of(const Desk& desk, const Visit& visit);

/// One thing that somebody has to do, as far as the viewer may see it.
struct WorkRow {
  casework::Work work;
  std::string path, words;  ///< where it is, and what
  std::string has;          ///< who has it today: the owner, who stands in, or nobody (empty)
  bool overdue = false;
};
[[nodiscard]] Result<std::vector<WorkRow>> visible_work(const Desk& desk, const Visit& visit);

void add_work_pages(Desk& desk, web::Router& router);

}  // namespace schoolgate::console
