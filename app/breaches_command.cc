// schoolgate breaches: what was tried, out of the gateway's log; and whether that log is whole.
#include <unistd.h>

#include <cstdio>

#include "app/command.h"
#include "app/progress_line.h"
#include "app/read_configuration.h"
#include "app/show_reference.h"
#include "app/table.h"
#include "base/json.h"
#include "breaches/audit_log.h"
#include "breaches/breach_store.h"
#include "breaches/export.h"
#include "breaches/find_reference.h"
#include "breaches/verify.h"
#include "rules/site_time.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kBreachesHelp =
    R"(schoolgate breaches export --config DIR [--since T] [--until T] [--format jsonl|csv]
schoolgate breaches find REFERENCE --config DIR [--json]
schoolgate breaches verify --config DIR [--json]
schoolgate breaches audit  --config DIR

export writes every breach record to stdout, oldest first, one JSON object a line or CSV; the gateway may be running.
Addresses that are illegal to hold are not in the log, so they are not in the export.

find shows the record behind the number on a page: of a block or a warning its breach record, of any other page its line in
the decision log (where one is kept). The number may be typed as it was read out: small letters, without the dash.

verify walks the whole chain of records: is each unchanged, in the order in which it was written, up to
the signed head? The first record that does not is named, and the exit status is 1. The audit log is walked as well.

audit writes every accepted change of the configuration to stdout, oldest first, one JSON object a line: the time, the
user of this machine, the policy's version before and after, and the changes of each file.

  --since T, --until T   from (included) and to (not included): RFC 3339, "2026-11-22" or "2026-11-22 12:30" in the
                         site's time
  --format F             jsonl (default) or csv
  --json                 the result of find or verify as one JSON object
)";

constexpr std::string_view kAuditFile = "audit.db";

bool is_there(const std::filesystem::path& file) {
  std::error_code error;
  // What cannot be looked at is not "none".
  return std::filesystem::status(file, error).type() != std::filesystem::file_type::not_found;
}

int say_nothing_recorded(const std::filesystem::path& state) {
  std::fprintf(stderr, "schoolgate: nothing has been recorded yet in %s\n", state.c_str());
  return kDone;
}

Result<TimePoint> read_time(const config::Configuration& configuration, const std::string& text) {
  const auto clock = rules::SiteClock::open(configuration.settings.site.timezone);
  if (!clock) return std::unexpected(clock.error());
  const auto time = rules::read_site_time(*clock, text, wall_now());
  if (!time) return fail(Fault::client, "'" + text + "' is not a time", "e.g. 2026-11-22 or \"2026-11-22 12:30\"");
  return *time;
}

int export_records(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--since", "--until", "--format"}, .switches = {}});
  if (!arguments) return usage_error(kBreachesCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kBreachesCommand, {Fault::client, "--config DIR is missing", {}});
  const std::string format = arguments->get("--format", "jsonl");
  if (format != "jsonl" && format != "csv")
    return usage_error(kBreachesCommand, {Fault::client, "--format is jsonl or csv", {}});

  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  breaches::ExportRange range;
  for (auto [option, end] : {std::pair{"--since", &range.since}, std::pair{"--until", &range.until}}) {
    if (!arguments->has(option)) continue;
    const auto time = read_time(*configuration, arguments->get(option));
    if (!time) return usage_error(kBreachesCommand, time.error());
    *end = *time;
  }
  const std::filesystem::path& state = configuration->settings.state;
  if (!is_there(state / breaches::kBreachesFile)) return say_nothing_recorded(state);

  ProgressLine progress;
  const bool to_terminal = ::isatty(STDOUT_FILENO) == 1;  // the records themselves show how far it has come
  std::uint64_t bytes = 0;
  bool reader_gone = false;
  const auto write = [&](std::string_view piece) {
    bytes += piece.size();
    if (!to_terminal) progress.show("exporting: " + std::to_string(bytes >> 10) + " KiB");
    reader_gone = !print(piece);
    return !reader_gone;
  };
  const auto kind = format == "csv" ? breaches::ExportFormat::csv : breaches::ExportFormat::jsonl;
  const auto records = breaches::export_breaches(state, range, kind, write);
  if (!records) return report(records.error());
  if (reader_gone || std::fflush(stdout) != 0)
    return report(Error{Fault::host, "the export could not be written to its end", "is the disk full?"});
  return kDone;
}

std::string chains_json(const breaches::ChainReport& found) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("whole", !found.fault).field("records", found.records).field("first", found.first);
  json.field("last", found.last).field("removed", found.removed).field("head_hash", found.head_hash);
  json.key("fault");
  if (found.fault)
    json.begin_object().field("seq", found.fault->seq).field("text", found.fault->text).end_object();
  else
    json.null();
  json.end_object();
  return out;
}

std::string words_of(const breaches::ChainReport& found) {
  if (found.fault) return "NOT WHOLE: " + found.fault->text;
  std::string text = "whole: " + counted(found.records, "record", "records");
  if (found.records > 0) text += ", number " + std::to_string(found.first) + " to " + std::to_string(found.last);
  if (found.removed > 0) text += "; " + std::to_string(found.removed) + " before them went by retention";
  if (!found.head_hash.empty()) text += "; head " + found.head_hash;
  return text;
}

Result<breaches::ChainReport> walk_breaches(const std::filesystem::path& state) {
  ProgressLine progress;
  return breaches::verify_breaches(state, [&](std::uint64_t done, std::uint64_t total) {
    progress.show("verifying: " + std::to_string(done) + " of " + std::to_string(total) + " records");
  });
}

int verify(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kBreachesCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kBreachesCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const std::filesystem::path& state = configuration->settings.state;

  // A log that was never begun is whole; nothing says that it was there.
  breaches::ChainReport breaches_found, audit_found;
  if (is_there(state / breaches::kBreachesFile)) {
    auto walked = walk_breaches(state);
    if (!walked) return report(walked.error());
    breaches_found = std::move(*walked);
  }
  if (is_there(state / kAuditFile)) {
    auto walked = breaches::verify_audit(state);
    if (!walked) return report(walked.error());
    audit_found = std::move(*walked);
  }
  if (arguments->has("--json")) {
    print("{\"breaches\":" + chains_json(breaches_found) + ",\"audit\":" + chains_json(audit_found) + "}\n");
  } else {
    Table table;
    table.row({"breaches", words_of(breaches_found)});
    table.row({"audit", words_of(audit_found)});
    print(table.text());
  }
  int status = kDone;
  for (const auto& [name, found] : {std::pair{"breach log", &breaches_found}, std::pair{"audit log", &audit_found}})
    if (found->fault)
      status = report(Error{Fault::host, "the " + std::string(name) + " is not whole: " + found->fault->text,
                            counted(found->records, "record", "records") + " before it are good"});
  return status;
}

int audit(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {}});
  if (!arguments) return usage_error(kBreachesCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kBreachesCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const std::filesystem::path& state = configuration->settings.state;
  if (!is_there(state / kAuditFile)) return say_nothing_recorded(state);
  const auto listed = breaches::list_audit(state, [](std::string_view record) { return print(record) && print("\n"); });
  return listed ? int(kDone) : report(listed.error());
}

int find(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config"}, .switches = {"--json"}, .least_words = 1, .most_words = 1});
  if (!arguments) return usage_error(kBreachesCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kBreachesCommand, {Fault::client, "--config DIR is missing", {}});
  const auto reference = breaches::read_reference(arguments->words().front());
  if (!reference)
    return usage_error(kBreachesCommand,
                       {Fault::client, "'" + arguments->words().front() + "' is not the number of a page",
                        "it has ten letters and digits, such as K7QF-2M9XPT"});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  return show_reference(configuration->settings, *reference, arguments->has("--json"));
}

int breaches_verbs(std::span<const std::string_view> words) {
  store::only_ask();
  if (words.empty()) return usage_error(kBreachesCommand, {Fault::client, "say export, find, verify or audit", {}});
  if (words[0] == "export") return export_records(words.subspan(1));
  if (words[0] == "find") return find(words.subspan(1));
  if (words[0] == "verify") return verify(words.subspan(1));
  if (words[0] == "audit") return audit(words.subspan(1));
  return usage_error(kBreachesCommand, {Fault::client, "there is no 'breaches " + std::string(words[0]) + "'", {}});
}

}  // namespace

const Command kBreachesCommand{"breaches", "export what was tried, find a page's number, verify the log, list changes",
                               kBreachesHelp, breaches_verbs};

}  // namespace schoolgate::app
