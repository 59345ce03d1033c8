#include "backup/manifest.h"

#include <array>
#include <charconv>
#include <optional>

#include "base/digest.h"

namespace schoolgate::backup {
namespace {

constexpr std::string_view kFirstOfAny = "schoolgate backup ";

std::unexpected<Error> not_ours(const std::string& what) {
  return fail(Fault::host, "the backup is damaged or none of this program's: " + what, "take another copy of it");
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

std::string octal(std::uint32_t mode) {
  std::string text = "0000";
  for (std::size_t i = 4; i-- > 0; mode >>= 3) text[i] = char('0' + (mode & 7));
  return text;
}

template <class Number>
std::optional<Number> number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> mode_in(std::string_view text) {
  const auto mode = text.size() == 4 ? number<std::uint32_t>(text, 8) : std::nullopt;
  return mode && *mode <= 0777 ? mode : std::nullopt;
}

// Takes the text before `end` off the front; nothing where there is none.
std::optional<std::string_view> take(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(at + 1);
  return front;
}

std::string line_of(std::string_view name, const FolderOwner& owner) {
  return std::string(name) + ' ' + octal(owner.mode) + ' ' + owner.user + ' ' + owner.group + '\n';
}

std::optional<FolderOwner> owner_in(std::string_view text) {
  const auto mode = take(text, ' ');
  const auto user = mode ? take(text, ' ') : std::nullopt;
  const auto bits = user ? mode_in(*mode) : std::nullopt;
  if (!bits || user->empty() || text.empty() || text.contains(' ')) return std::nullopt;
  return FolderOwner{*bits, std::string(*user), std::string(text)};
}

std::optional<std::array<unsigned, 3>> parts_of(std::string_view version) {
  std::array<unsigned, 3> parts{};
  const std::string text = std::string(version) + '.';
  std::string_view rest = text;
  for (unsigned& part : parts) {
    const auto digits = take(rest, '.');
    const auto value = digits ? number<unsigned>(*digits) : std::nullopt;
    if (!value) return std::nullopt;
    part = *value;
  }
  return rest.empty() ? std::optional(parts) : std::nullopt;
}

std::string digest(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::optional<Member> member_in(std::string_view line) {
  const auto sum = take(line, ' ');
  const auto mode = sum ? take(line, ' ') : std::nullopt;
  const auto size = mode ? take(line, ' ') : std::nullopt;
  const auto modified = size ? take(line, ' ') : std::nullopt;
  const auto kind = modified ? take(line, ' ') : std::nullopt;
  if (!kind || sum->size() != 64 || (*kind != "file" && *kind != "database") || !is_safe_name(line))
    return std::nullopt;
  const auto bits = mode_in(*mode);
  const auto bytes = number<std::uint64_t>(*size);
  std::string_view fraction = *modified;
  const auto whole = take(fraction, '.');
  const auto seconds = whole ? number<std::int64_t>(*whole) : std::nullopt;
  const auto nanoseconds = number<std::uint32_t>(fraction);
  if (!bits || !bytes || !seconds || fraction.size() != 9 || !nanoseconds) return std::nullopt;
  return Member{{std::string(line), *bytes, *bits, *seconds},
                *kind == "file" ? Kind::file : Kind::database,
                std::string(*sum),
                *nanoseconds};
}

// "0750 root schoolgate config/rules"
std::optional<Place> place_in(std::string_view line) {
  const std::size_t group = line.find(' ', line.find(' ') + 1);
  const std::size_t end = group == std::string_view::npos ? group : line.find(' ', group + 1);
  if (end == std::string_view::npos || !is_safe_name(line.substr(end + 1))) return std::nullopt;
  const auto owner = owner_in(line.substr(0, end));
  return owner ? std::optional(Place{std::string(line.substr(end + 1)), *owner}) : std::nullopt;
}

}  // namespace

std::string to_text(const About& about) {
  return std::string(kFirstOfAny) + std::to_string(about.form) + "\nversion " + about.version + "\nschool " +
         one_line(about.school) + "\ngateway " + one_line(about.gateway) + "\ntime " + to_rfc3339(about.time) + '\n' +
         line_of("config", about.config) + line_of("state", about.state);
}

Result<About> read_about(std::string_view text, std::string_view running) {
  const std::string_view whole = text;
  const auto first = take(text, '\n');
  if (!first || !first->starts_with(kFirstOfAny)) return not_ours("it does not begin as a backup does");
  const int form = number<int>(first->substr(kFirstOfAny.size())).value_or(0);
  std::array<std::string_view, 6> values;
  constexpr std::array<std::string_view, 6> kNames{"version ", "school ", "gateway ", "time ", "config ", "state "};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto line = take(text, '\n');
    if (line && line->starts_with(kNames[i])) values[i] = line->substr(kNames[i].size());
    if (i == 0 && !values[0].empty()) {
      const auto made = parts_of(values[0]), here = parts_of(running);
      if (form < kFirstForm || form > kForm || (made && here && *made > *here))
        return fail(Fault::config,
                    "the backup was made by release " + one_line(values[0].substr(0, 40)) + ", and this is " +
                        std::string(running),
                    "install that release, or a later one, and restore with it");
      if (!made) break;
    }
  }
  const auto time = from_rfc3339(values[3]);
  const auto config = owner_in(values[4]), state = owner_in(values[5]);
  if (!time || !config || !state) return not_ours("it does not say whose it is");
  About about{std::string(values[0]), std::string(values[1]), std::string(values[2]), *time, *config, *state, form};
  if (to_text(about) != whole) return not_ours("it does not say whose it is as this program does");
  return about;
}

std::string to_text(const Manifest& manifest) {
  std::string text;
  for (const Member& member : manifest.members) {
    const std::string fraction = std::to_string(1'000'000'000 + member.nanoseconds).substr(1);
    text += member.sha256 + ' ' + octal(member.entry.mode) + ' ' + std::to_string(member.entry.size) + ' ' +
            std::to_string(member.entry.modified) + '.' + fraction +
            (member.kind == Kind::file ? " file " : " database ") + member.entry.name + '\n';
  }
  for (const Place& place : manifest.places)
    text +=
        "place " + octal(place.owner.mode) + ' ' + place.owner.user + ' ' + place.owner.group + ' ' + place.name + '\n';
  return text + "end " + digest(text) + '\n';
}

Result<Manifest> read_manifest(std::string_view text) {
  Manifest manifest;
  std::string_view rest = text;
  while (true) {
    const auto line = take(rest, '\n');
    if (!line) return not_ours("the list of its files is cut short");
    if (line->starts_with("end ")) break;
    if (line->starts_with("place ")) {
      auto place = place_in(line->substr(6));
      if (!place) return not_ours("the list of its files cannot be read");
      manifest.places.push_back(std::move(*place));
      continue;
    }
    auto member = member_in(*line);
    if (!member) return not_ours("the list of its files cannot be read");
    manifest.members.push_back(std::move(*member));
  }
  if (!rest.empty() || to_text(manifest) != text) return not_ours("the list of its files was changed");
  return manifest;
}

}  // namespace schoolgate::backup
