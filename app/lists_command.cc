// schoolgate lists: category data, compiled and looked at.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>

#include "app/command.h"
#include "app/list_catalogue.h"
#include "app/list_status.h"
#include "app/progress_line.h"
#include "app/sealed_key.h"
#include "app/table.h"
#include "app/update_lists.h"
#include "base/json.h"
#include "blocklists/compile.h"
#include "config/plain_text.h"
#include "config/scalars.h"
#include "rules/category.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kListsHelp =
    R"(schoolgate lists update   --config DIR [--due] [--accept LIST[,LIST]] [--force LIST] [--json]
schoolgate lists status   --config DIR [--json]
schoolgate lists rollback --config DIR
schoolgate lists catalogue [WORD] [--json] [--preset primary]
schoolgate lists compile  --format F --category C INPUT... --output IMAGE [--name N] [--sealed] [--key FILE] [--json]
schoolgate lists lookup   --image IMAGE HOST_OR_URL... [--key FILE]

update fetches the remote lists, proves and checks them, compiles all lists together, puts the result in force and
tells a running gateway. A list that cannot be had or looks wrong is kept as it was, alone, and the exit status is 1.
Sites that must stay reachable and that a list covers are left alone by that list, and said; a list that covers too many
of them is kept as it was. Lists of illegal content and sealed ones leave nothing alone: that they cover such a site is said,
without the site, and the exit status is 1.

status shows every list of the configuration: its entries, the lines that were not understood, its age, when its server
last answered or why it could not be fetched, when the self-test last tried it, why its newest content was refused, and
which sites it leaves alone. Of a sealed list it shows no source.

rollback puts the image before the one in force back in force; there it stays until a list or lists.yaml changes.

catalogue shows the public lists that lists.yaml takes by name (catalogue: NAME), with address, licence, ages, and sites
that they are known to cover wrongly; with WORD those about a publisher or category. CHECKED says when an address was last
fetched and read by this program. --preset primary prints a lists.yaml that fills every category of a primary school for
which a public list is known, and names those for which none is.

Run by root, update and rollback act as the user who owns the state folder.

compile makes an image of list files, plain or .gz, all of category C, and reports what it took from each. Lines that
are not understood are counted and the first of them shown; they never stop it.

lookup prints a line for each name: the name, its categories, and each list with the entry that covers it; "-" where no
list does. A name without a path is looked up as HTTPS shows it, by the name alone.

  --due          only what was not asked for within its refresh time, at low priority
  --accept LIST  take LIST as it is, with the sites that it covers: a person has looked at it
  --force LIST   fetch LIST whole, even when its server has nothing newer
  --format F     domains, hosts, urls, expressions, squidguard, adblock, dnsmasq, rpz, dstdomain or e2guardian
  --name N       the list's name; default: the input's file name
  --sealed       keep only keyed hashes of the entries, which then can be matched but never shown
  --key FILE     the key of sealed lists; default: IMAGE.key, which compile makes when it is missing
)";

namespace fs = std::filesystem;

int wrong(std::string what, std::string next = {}) {
  return usage_error(kListsCommand, {Fault::client, std::move(what), std::move(next)});
}

// --- compile -------------------------------------------------------------------------------------------------------

std::string joined_formats() {
  std::string out;
  for (const std::string_view name : blocklists::format_names()) (out += out.empty() ? "" : ", ") += name;
  return out;
}

/// "bets.txt.gz" is list "bets"; what an id may not hold becomes '-'.
std::string name_of(const fs::path& input) {
  const fs::path file = input.has_filename() ? input.filename() : input.parent_path().filename();
  std::string name = file.string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (const auto dot = name.find_last_of('.'); dot != name.npos && dot > 0) name.resize(dot);
  for (char& c : name)
    if (!config::is_id(std::string_view(&c, 1)) && c != '-' && c != '_' && c != '.') c = '-';
  return config::is_id(name) ? name : "list";
}

std::vector<blocklists::ListSource> sources_of(const Arguments& arguments, blocklists::Format format) {
  std::vector<blocklists::ListSource> sources;
  const rules::CategoryTable categories;
  const rules::CategoryId category = categories.find(arguments.get("--category"));
  const bool illegal = category != rules::kNoCategory && categories[category].illegal;
  std::set<std::string> taken;
  for (const std::string& input : arguments.words()) {
    std::string name = arguments.get("--name", name_of(input));
    if (arguments.has("--name") && arguments.words().size() > 1) name += "-" + name_of(input);
    const std::string first = name;
    for (int number = 2; !taken.insert(name).second; ++number) name = first + "-" + std::to_string(number);
    std::error_code error;
    const auto changed = fs::last_write_time(input, error);
    const TimePoint fetched =
        error ? TimePoint{} : std::chrono::floor<std::chrono::milliseconds>(std::chrono::file_clock::to_sys(changed));
    sources.push_back({.name = name,
                       .category = arguments.get("--category"),
                       .format = format,
                       .path = input,
                       .sealed = arguments.has("--sealed"),
                       .fetched = fetched,
                       .illegal = illegal});
  }
  return sources;
}

void print_report(const blocklists::CompileReport& done, const std::string& image) {
  std::string out;
  for (const blocklists::ListReport& list : done.lists) {
    out += list.name + " (" + list.category + "): " + counted(list.hosts, "host", "hosts") + ", " +
           counted(list.urls, "URL", "URLs") + ", " + counted(list.patterns, "pattern", "patterns") + " of " +
           counted(list.lines, "line", "lines") + "; " + counted(list.duplicates, "duplicate", "duplicates") + ", " +
           std::to_string(list.redundant) + " covered by wider entries, " + std::to_string(list.excepted) +
           " opened by its own exceptions, " + std::to_string(list.adjusted) + " adjusted, " +
           std::to_string(list.skipped) + " skipped, " + std::to_string(list.rejected) + " not understood\n";
    Table reasons;
    for (const blocklists::ReasonCount& reason : list.reasons)
      reasons.row({std::to_string(reason.count), reason.reason});
    out += reasons.text("  ");
    for (std::size_t i = 0; i < std::min<std::size_t>(list.notes.size(), 5); ++i) {
      const blocklists::LineNote& note = list.notes[i];
      out += "  " + (note.file.empty() ? "line " : note.file + ":") + std::to_string(note.line) + ": " + note.reason;
      if (!note.text.empty()) out += ": " + config::printable(note.text);
      out += '\n';
    }
  }
  print(out + image + ": " + std::to_string((done.image_bytes + 1023) >> 10) + " KiB, SHA-256 " + done.checksum + '\n');
}

void print_report_json(const blocklists::CompileReport& done, const std::string& image) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("image", image).field("bytes", done.image_bytes).field("checksum", done.checksum);
  json.key("lists").begin_array();
  for (const blocklists::ListReport& list : done.lists) {
    json.begin_object().field("name", list.name).field("category", list.category).field("lines", list.lines);
    json.field("hosts", list.hosts).field("networks", list.networks).field("urls", list.urls);
    json.field("patterns", list.patterns).field("duplicates", list.duplicates).field("redundant", list.redundant);
    json.field("excepted", list.excepted).field("adjusted", list.adjusted);
    json.field("skipped", list.skipped).field("rejected", list.rejected).key("reasons").begin_object();
    for (const blocklists::ReasonCount& reason : list.reasons) json.field(reason.reason, reason.count);
    json.end_object().end_object();
  }
  json.end_array().end_object();
  print(out + '\n');
}

int compile(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--format", "--category", "--output", "--name", "--key"},
                                                 .switches = {"--sealed", "--json"},
                                                 .least_words = 1,
                                                 .most_words = 10'000});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  for (const char* option : {"--format", "--category", "--output"})
    if (!arguments->has(option)) return wrong(std::string(option) + " is missing");
  const auto format = blocklists::format_from(arguments->get("--format"));
  if (!format)
    return wrong("there is no format '" + arguments->get("--format") + "'", "formats are " + joined_formats());
  if (!config::is_id(arguments->get("--category")))
    return wrong("'" + arguments->get("--category") + "' is no category id");
  if (arguments->has("--name") && !config::is_id(arguments->get("--name")))
    return wrong("'" + arguments->get("--name") + "' is no list name", "letters, digits, '-', '_' and '.', at most 64");

  const std::string image = arguments->get("--output");
  blocklists::CompileOptions options;
  if (arguments->has("--sealed")) {
    auto key = read_or_make_sealed_key(arguments->get("--key", image + ".key"));
    if (!key) return report(key.error());
    options.sealed_key = *key;
  }
  ProgressLine progress;
  options.progress = [&](const blocklists::Progress& now) {
    const auto percent = now.bytes_total == 0 ? 0 : 100 * now.bytes_done / now.bytes_total;
    progress.show(std::string(now.list) + ": " + std::to_string(percent) + " %, " + std::to_string(now.entries) +
                  " entries");
  };
  const auto sources = sources_of(*arguments, *format);
  const auto done = blocklists::compile(sources, image, options);
  if (!done) return report(done.error());
  if (arguments->has("--json"))
    print_report_json(*done, image);
  else
    print_report(*done, image);
  return kDone;
}

// --- lookup --------------------------------------------------------------------------------------------------------

/// A name alone is asked for as a tunnel shows it; anything longer as a URL.
Result<names::Url> read_asked(const std::string& text) {
  if (text.contains('/')) return names::Url::parse(text);
  auto host = names::Host::parse(text);
  if (!host) return std::unexpected(std::move(host.error()));
  return names::Url::of_host(*host, 443);
}

std::string entry_text(const blocklists::ListInfo& list, const blocklists::Match& match, const names::Url& asked) {
  if (list.sealed) return "sealed";
  if (match.network_bits == 0) return std::string(match.entry);
  const bool v4 = asked.address() && asked.address()->is_v4();
  return std::string(match.entry) + "/" + std::to_string(match.network_bits - (v4 ? 96 : 0));
}

/// "bet.example  gambling  bets: bet.example".
std::string line_of(const blocklists::CategoryDb& lists, const std::string& text, const names::Url& asked) {
  blocklists::Matches matches;
  bool undecided = false;
  lists.lookup(asked, matches, undecided);
  std::string categories, evidence;
  std::set<std::string> seen;
  for (const blocklists::Match& match : matches.items()) {
    const blocklists::ListInfo& list = lists.lists()[match.list];
    if (seen.insert(list.category).second) (categories += categories.empty() ? "" : ",") += list.category;
    (evidence += evidence.empty() ? "" : "; ") += list.name + ": " + entry_text(list, match, asked);
  }
  std::string line = config::printable(text, 2000) + '\t';
  line += matches.items().empty() ? "-" : categories + '\t' + evidence;
  if (undecided) line += "\t(the pattern engine ran out of memory: there may be more)";
  return line + '\n';
}

int lookup(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(
      words, {.options = {"--image", "--key"}, .switches = {}, .least_words = 1, .most_words = 1'000'000});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  if (!arguments->has("--image")) return wrong("--image is missing");
  const std::string image = arguments->get("--image");
  std::optional<blocklists::SealedKey> key;
  std::error_code error;
  if (const fs::path path = arguments->get("--key", image + ".key");
      arguments->has("--key") || fs::exists(path, error)) {
    auto read = read_sealed_key(path);
    if (!read) return report(read.error());
    key = *read;
  }
  const auto lists = blocklists::CategoryDb::open(image, key);
  if (!lists) return report(lists.error());
  int status = kDone;
  for (const std::string& text : arguments->words()) {
    const auto asked = read_asked(text);
    if (asked)
      print(line_of(**lists, text, *asked));
    else
      status = report(Error{Fault::client, config::printable(text) + ": " + asked.error().what, asked.error().next});
  }
  return status;
}

int lists_verbs(std::span<const std::string_view> words) {
  if (words.empty()) return wrong("say update, status, rollback, catalogue, compile or lookup");
  if (words[0] == "update") return update_lists(words.subspan(1));
  if (words[0] == "rollback") return roll_back_lists(words.subspan(1));
  if (words[0] == "status") return list_status(words.subspan(1));
  if (words[0] == "catalogue") return list_catalogue(words.subspan(1));
  if (words[0] == "compile") return compile(words.subspan(1));
  if (words[0] == "lookup") return lookup(words.subspan(1));
  return wrong("there is no 'lists " + std::string(words[0]) + "'");
}

}  // namespace

const Command kListsCommand{"lists", "update, compile and look into category lists", kListsHelp, lists_verbs};

}  // namespace schoolgate::app
