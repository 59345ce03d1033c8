#include "blocklists/sanity.h"

#include <algorithm>

#include "base/ascii.h"
#include "blocklists/archive.h"
#include "blocklists/formats/text.h"
#include "blocklists/line_reader.h"
#include "blocklists/list_files.h"
#include "blocklists/sealed_file.h"

namespace schoolgate::blocklists {
namespace {

// The beginning of a page, whatever blank lines and comments come first.
constexpr int kLinesLookedAt = 20;

bool begins_as_page(std::string_view line) noexcept {
  for (const std::string_view tag : {"<!doctype html", "<html", "<head", "<body", "<script", "<?xml"}) {
    if (equal_ignoring_case(line.substr(0, tag.size()), tag)) return true;
  }
  return false;
}

struct Signature {
  std::size_t at;
  std::string_view bytes, name;
};
constexpr Signature kSignatures[] = {
    {257, "ustar", "a tar archive"},
    {0, std::string_view("PK\x03\x04", 4), "a zip archive"},
    {0, std::string_view("7z\xbc\xaf\x27\x1c", 6), "a 7-Zip archive"},
    {0, std::string_view("Rar!", 4), "a RAR archive"},
    {0,
     std::string_view("\xfd"
                      "7zXZ",
                      5),
     "packed with xz"},
    {0, std::string_view("\x28\xb5\x2f\xfd", 4), "packed with zstd"},
    {0, "BZh", "packed with bzip2"},
    {0, std::string_view("\xff\xfe", 2), "text in UTF-16"},
    {0, std::string_view("\xfe\xff", 2), "text in UTF-16"},
    {0, std::string_view("\x89PNG", 4), "a picture"},
    {0, std::string_view("\xff\xd8\xff", 3), "a picture"},
    {0, "GIF8", "a picture"},
    {0, "%PDF-", "a PDF document"},
    {0,
     std::string_view("\x7f"
                      "ELF",
                      4),
     "a program"},
};

// A name for what the (unpacked) beginning of a file shows it to be; empty for text.
std::string what_it_is(LineReader& reader) {
  const std::string_view head = reader.peek(512);
  for (const Signature& signature : kSignatures)
    if (head.size() >= signature.at + signature.bytes.size() &&
        head.substr(signature.at, signature.bytes.size()) == signature.bytes)
      return std::string(signature.name);
  const auto first = head.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos) {
    const std::string_view text = head.substr(first);
    const auto next = text.find_first_not_of(" \t\r\n", 1);
    const char second = next == std::string_view::npos ? ' ' : text[next];
    if ((text[0] == '{' && (second == '"' || second == '}')) || (text[0] == '[' && (second == '{' || second == '"')))
      return "JSON";
  }
  return {};
}

// Of one file of lines.
std::optional<Refusal> check_text(const ListSource& source, Result<LineReader> reader) {
  if (!reader) return Refusal{Gate::unreadable, source.name, reader.error().text()};
  if (const std::string form = what_it_is(*reader); !form.empty())
    return Refusal{Gate::wrong_form, source.name,
                   "it is " + form + " and not lines of format '" + std::string(to_string(source.format)) + "'"};
  LineReader::Line line;
  for (int seen = 0; seen < kLinesLookedAt && reader->next(line);) {
    const std::string_view text = trimmed(line.text);
    if (text.empty()) continue;
    if (begins_as_page(text))
      return Refusal{Gate::web_page, source.name,
                     "the source is a web page, not a list: the address has moved, or asks to sign in"};
    ++seen;
  }
  return {};
}

std::string with_sign(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < 5; ++i) out += (i ? ", " : "") + names[i];
  if (names.size() > 5) out += ", …";
  return out;
}

}  // namespace

std::string_view to_string(Gate gate) noexcept {
  switch (gate) {
    case Gate::empty: return "empty";
    case Gate::wrong_form: return "wrong form";
    case Gate::web_page: return "web page";
    case Gate::grown: return "grown";
    case Gate::shrunk: return "shrunk";
    case Gate::junk: return "junk";
    case Gate::public_suffix: return "public suffix";
    case Gate::purpose: return "purpose";
    case Gate::unreadable: return "unreadable";
    case Gate::must_allow: return "must allow";
    case Gate::must_block: return "must block";
    case Gate::lost: return "would be lost";
  }
  return "?";
}

std::optional<Refusal> check_bytes(const ListSource& source) {
  std::error_code error;
  if (std::filesystem::is_directory(source.path, error) || is_sealed_file(source.path)) return {};
  if (is_folder_format(source.format) || !source.member.empty() || is_archive(source.path)) {
    const auto files = files_of(source);
    if (!files) return Refusal{Gate::wrong_form, source.name, files.error().text()};
    if (is_folder_format(source.format)) return {};
    return check_text(source, open_list_file(files->files.front()));
  }
  return check_text(source, LineReader::open(source.path));
}

std::vector<Refusal> check_shape(const ListReport& report, const std::optional<ListInfo>& before,
                                 const SanityLimits& limits) {
  std::vector<Refusal> out;
  const auto refuse = [&](Gate gate, std::string why) { out.push_back({gate, report.name, std::move(why)}); };
  const std::uint64_t now = report.hosts + report.urls + report.patterns;
  if (now == 0) {
    refuse(Gate::empty, "nothing in it is an entry (" + std::to_string(report.lines) + " lines read, " +
                            std::to_string(report.rejected) + " not understood, " + std::to_string(report.excepted) +
                            " opened by its own exceptions)");
    return out;
  }
  if (const std::uint64_t given = now + report.excepted;
      report.excepted != 0 && given >= limits.small && double(now) < double(given) * limits.least_left)
    refuse(Gate::shrunk,
           "its own exceptions leave " + std::to_string(now) + " of its " + std::to_string(given) + " entries");
  if (before) {
    const std::uint64_t then = before->hosts + before->urls + before->patterns;
    if (then != 0 && now >= limits.small && double(now) > double(then) * limits.most_growth)
      refuse(Gate::grown, "it has " + std::to_string(now) + " entries and had " + std::to_string(then));
    if (then >= limits.small && double(now) < double(then) * limits.least_left)
      refuse(Gate::shrunk, "it has " + std::to_string(now) + " entries and had " + std::to_string(then));
  }
  if (report.rejected >= limits.small &&
      double(report.rejected) > double(report.rejected + report.accepted()) * limits.most_rejected)
    refuse(Gate::junk, std::to_string(report.rejected) + " lines were not understood and " +
                           std::to_string(report.accepted()) + " were: is the format right?");
  // They never get into an image; but a list that gains one is not what it was. Large lists of long standing hold a
  // few.
  const bool too_many = before ? report.public_suffix_count > before->public_suffixes
                               : double(report.public_suffix_count) > double(now) * limits.most_suffixes;
  if (too_many)
    refuse(Gate::public_suffix,
           "it would cover whole parts of the name space (force the list if that is meant)" +
               (report.public_suffixes.empty() ? std::string() : ": " + with_sign(report.public_suffixes)));
  return out;
}

std::vector<MustBlock> lost_probes(const CategoryDb& lists, std::span<const MustBlock> must_block) {
  std::vector<MustBlock> lost;
  for (const MustBlock& probe : must_block) {
    Matches matches;
    bool undecided = false;
    lists.lookup(probe.url, matches, undecided);
    if (std::ranges::none_of(matches.items(),
                             [&](const Match& match) { return lists.lists()[match.list].category == probe.category; }))
      lost.push_back(probe);
  }
  return lost;
}

}  // namespace schoolgate::blocklists
