#include "app/change_work.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/act_as_owner.h"
#include "app/command.h"
#include "app/control_plane.h"
#include "base/as_oneself.h"
#include "base/file.h"
#include "config/yaml_tree.h"

namespace schoolgate::app {

using changes::ProposedFile;
using What = changes::ProposalEvent::What;

namespace {

/// As the one who typed the command, whom the audit log is to name. False: it refused, and said why.
bool reload_gateway(const std::filesystem::path& state) {
  const AsOneself oneself;
  const auto answer = ask_running_gateway(state, "reload");
  if (!answer)
    print("  in place; no running gateway was told (" + answer.error().what + ")\n");
  else if (answer->done)
    print(answer->text);
  else
    std::fputs(answer->text.c_str(), stderr);
  return !answer || answer->done;
}

}  // namespace

changes::FileTexts with_files(changes::FileTexts files, const std::vector<changes::ProposedFile>& changed, bool after) {
  for (const changes::ProposedFile& file : changed)
    if (const auto& text = after ? file.after : file.before)
      files[file.name] = *text;
    else
      files.erase(file.name);
  return files;
}

Result<ChangeWork> change_work_in(const std::filesystem::path& folder) {
  auto lock = changes::Exclusive::take(folder);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto ledger = changes::Ledger::open(folder);
  if (!ledger) return std::unexpected(std::move(ledger.error()));
  auto history = changes::History::open(folder);
  if (!history) return std::unexpected(std::move(history.error()));
  return ChangeWork{std::move(*lock), std::move(*ledger), std::move(*history)};
}

Result<std::optional<changes::Finished>> finish_cut_off(const std::filesystem::path& folder) {
  const auto text = read_file(folder / "schoolgate.yaml");
  Problems ignored;  // whoever reads the configuration next says them
  const auto root = text ? config::parse_yaml(*text, "schoolgate.yaml", ignored) : std::nullopt;
  if (!root) return std::optional<changes::Finished>();
  const auto state = std::ranges::find_if(root->entries, [](const auto& entry) { return entry.key.text == "state"; });
  if (state == root->entries.end() || state->value.text.empty()) return std::optional<changes::Finished>();
  const std::filesystem::path state_folder = (folder / state->value.text).lexically_normal();
  if (!changes::is_cut_off(state_folder / "changes")) return std::optional<changes::Finished>();
  const auto owner = AsOwner::begin(state_folder);
  if (!owner) return std::unexpected(owner.error());
  auto work = change_work_in(state_folder / "changes");
  if (!work) return std::unexpected(std::move(work.error()));
  return changes::finish_interrupted(folder, state_folder / "changes", work->history, work->ledger, wall_now());
}

int tell_gateway(const std::filesystem::path& config, const std::filesystem::path& state, ChangeWork& work,
                 const changes::Placement& placed) {
  if (reload_gateway(state)) return kDone;
  changes::Placement back = placed;
  back.event = What::taken_back;
  for (ProposedFile& file : back.files) std::swap(file.before, file.after);
  back.all = with_files(placed.all, back.files, true);
  back.message = "Taken back: the running gateway refused change " + std::to_string(placed.number) + "\n";
  if (auto undone = changes::put_in_place(config, state / "changes", work.history, work.ledger, back, wall_now());
      !undone)
    return report(undone.error());
  return report(Error{Fault::config, "the running gateway refused it, and the files are as before",
                      "change " + std::to_string(placed.number) + " may be applied again once that is mended"});
}

std::optional<int> tell_finished(const std::filesystem::path& config, const std::filesystem::path& state,
                                 ChangeWork& work, const changes::Finished& finished, const changes::Actor& by,
                                 const std::function<bool(const changes::Proposal&)>& is_it) {
  const std::string name = "change " + std::to_string(finished.number);
  if (finished.event == What::taken_back) {
    print(name + ", which the running gateway had refused, is taken back: it was cut off and is finished\n");
    if (!reload_gateway(state)) return kProblem;
    return std::nullopt;
  }
  print(name + " is in place: it was cut off and is finished\n");
  auto proposal = work.ledger.find(finished.number);
  const auto head = work.history.head();
  if (!proposal) return report(proposal.error());
  if (!head) return report(head.error());
  auto all = work.history.files_of(head->value_or(""));
  if (!all) return report(all.error());
  const bool asked_for = is_it(*proposal);
  const changes::Placement placed{
      .number = finished.number, .by = by, .files = std::move(proposal->files), .all = std::move(*all)};
  const int told = tell_gateway(config, state, work, placed);
  if (told != kDone || asked_for) return told;
  return std::nullopt;
}

}  // namespace schoolgate::app
