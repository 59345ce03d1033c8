#include "app/show_changes.h"

#include <utility>

#include "app/command.h"
#include "app/table.h"
#include "base/json.h"
#include "breaches/line_diff.h"

namespace schoolgate::app {
namespace {

using changes::Actor;
using changes::ChangedPart;
using changes::Proposal;
using changes::ProposalEvent;
using changes::ProposedFile;

std::string name_of(const Actor& actor) {
  return actor.is_by_hand() ? "by hand (" + actor.machine_user + ")" : actor.account;
}

void print_change(const Proposal& proposal, const Result<changes::ChangeControl::Standing>& standing) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("number", proposal.number).field("time", to_rfc3339(proposal.at));
  json.field("state", proposal.state()).field("author", proposal.author.account);
  json.field("by_hand", proposal.author.is_by_hand()).field("reason", proposal.reason);
  json.field("risk_assessment", proposal.risk_assessment).field("takes_back", proposal.takes_back);
  json.key("files").begin_array();
  for (const ProposedFile& file : proposal.files) json.value(file.name);
  json.end_array().key("parts").begin_array();
  if (standing)
    for (const ChangedPart& part : standing->base.parts) {
      json.begin_object().field("kind", config::kChangeKinds[std::size_t(part.kind)]).field("sentence", part.sentence);
      json.key("groups").begin_array();
      for (const std::string& group : part.groups) json.value(group);
      json.end_array().end_object();
    }
  json.end_array().key("events").begin_array();
  for (const ProposalEvent& event : proposal.events)
    json.begin_object()
        .field("time", to_rfc3339(event.at))
        .field("by", event.by.account)
        .field("what", changes::to_string(event.what))
        .field("text", event.text)
        .end_object();
  json.end_array().end_object();
  print(out + "\n");
}

}  // namespace

void print_parts(const std::vector<ChangedPart>& parts) {
  std::string out;
  for (const ChangedPart& part : parts)
    out += "  " + std::string(config::kChangeKinds[std::size_t(part.kind)]) + ": " + part.sentence + "\n";
  if (parts.empty()) out = "  text only: nothing is decided otherwise\n";
  print(for_terminal(std::move(out)));
}

void print_consents(const changes::ChangeControl::Standing& standing) {
  std::string out;
  for (const std::string& one : standing.missing) out += "  needs " + one + "\n";
  if (standing.missing.empty()) out = "  no consent is missing\n";
  if (!standing.note.empty()) out = "  " + standing.note + "\n";
  print(for_terminal(std::move(out)));
}

int list_changes(const changes::ChangeControl& control, bool as_json) {
  const auto read = control.list();
  if (!read) return report(read.error());
  const std::vector<Proposal>& all = *read;
  if (as_json) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const Proposal& one : all) {
      json.begin_object().field("number", one.number).field("time", to_rfc3339(one.at)).field("state", one.state());
      json.field("author", one.author.account).field("by_hand", one.author.is_by_hand()).field("reason", one.reason);
      json.field("takes_back", one.takes_back).end_object();
    }
    json.end_array();
    print(out + "\n");
    return kDone;
  }
  if (all.empty()) {
    print("No change was proposed yet.\n");
    return kDone;
  }
  Table table;
  table.row({"NUMBER", "STATE", "PROPOSED", "BY", "REASON"});
  for (const Proposal& one : all)
    table.row({std::to_string(one.number), std::string(one.state()), to_rfc3339(one.at).substr(0, 16),
               name_of(one.author),
               (one.takes_back != 0 ? "takes back " + std::to_string(one.takes_back) + ": " : "") + one.reason});
  print(table.text());
  return kDone;
}

int show_change(const changes::ChangeControl& control, std::uint64_t number, bool as_json) {
  const auto proposal = control.find(number);
  if (!proposal) return report(proposal.error());
  const auto standing = control.standing(*proposal);
  if (as_json) {
    print_change(*proposal, standing);
    return kDone;
  }
  std::string out = "change " + std::to_string(number) + ": " + std::string(proposal->state()) + ", proposed " +
                    to_rfc3339(proposal->at).substr(0, 16) + " UTC by " + name_of(proposal->author) +
                    "\n  reason: " + proposal->reason + "\n";
  if (!proposal->risk_assessment.empty()) out += "  risk assessment: " + proposal->risk_assessment + "\n";
  if (proposal->review)
    out += "  to be looked at again on " +
           to_rfc3339(TimePoint(std::chrono::sys_days(*proposal->review))).substr(0, 10) + "\n";
  if (proposal->takes_back != 0) out += "  takes back change " + std::to_string(proposal->takes_back) + "\n";
  print(for_terminal(std::exchange(out, {})));
  if (standing)
    print_parts(standing->base.parts);
  else
    print("  what it means cannot be said beside the files as they are: " + standing.error().what + "\n");
  if (standing && standing->base.is_merged)
    print("  files have changed since it was proposed; it fits, and means the same\n");
  if (standing)
    for (const changes::Clash& clash : standing->base.clashes)
      print("  " + clash.file + " has changed since it was proposed, and it no longer fits\n");
  for (const ProposalEvent& event : proposal->events)
    out += "  " + to_rfc3339(event.at).substr(0, 16) + " " + name_of(event.by) + ": " +
           std::string(changes::to_string(event.what)) + (event.text.empty() ? "" : ", " + event.text) + "\n";
  print(for_terminal(std::move(out)));
  return kDone;
}

int show_difference(const changes::ChangeControl& control, std::uint64_t number) {
  const auto proposal = control.find(number);
  if (!proposal) return report(proposal.error());
  std::string out;
  for (const ProposedFile& file : proposal->files)
    out += (file.before ? "--- " + file.name : std::string("--- (no file)")) + "\n" +
           (file.after ? "+++ " + file.name : std::string("+++ (no file)")) + "\n" +
           breaches::line_diff(file.before.value_or(""), file.after.value_or(""));
  print(for_terminal(std::move(out)));
  return kDone;
}

}  // namespace schoolgate::app
