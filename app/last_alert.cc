#include "app/last_alert.h"

#include <system_error>

#include "casework/alerts/outbox.h"
#include "store/sqlite.h"

namespace schoolgate::app {
namespace {

using casework::Outbox;

std::string state_text(Outbox::State state) {
  switch (state) {
    case Outbox::State::sent: return "sent";
    case Outbox::State::given_up: return "given up";
    case Outbox::State::waiting: break;
  }
  return "waiting";
}

}  // namespace

Result<AlertStanding> alert_standing(const std::filesystem::path& state) {
  const std::filesystem::path file = state / "alerts.db";
  std::error_code error;
  AlertStanding standing;
  if (!std::filesystem::exists(file, error) && !error) return standing;
  auto database = store::Database::open(file, store::Database::Access::read);
  if (!database) return std::unexpected(database.error());
  auto newest = database->prepare("SELECT created, subject, state FROM alerts ORDER BY created DESC LIMIT 1");
  if (!newest) return std::unexpected(newest.error());
  if (newest->step() == store::Statement::Step::row)
    standing.last = LastAlert{.made = TimePoint(std::chrono::milliseconds(newest->integer(0))),
                              .subject = std::string(newest->text(1)),
                              .state = state_text(Outbox::State(newest->integer(2)))};
  auto waiting = database->prepare("SELECT count(*) FROM alerts WHERE state = 0");
  if (!waiting) return std::unexpected(waiting.error());
  if (waiting->step() == store::Statement::Step::row) standing.waiting = std::uint64_t(waiting->integer(0));
  return standing;
}

}  // namespace schoolgate::app
