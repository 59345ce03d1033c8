#include "app/ends_watch.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "app/authority_page.h"
#include "app/authority_renewal.h"
#include "base/ascii.h"
#include "base/file.h"
#include "base/log.h"
#include "proxy/tls/authority.h"
#include "web/own_certificate.h"

namespace schoolgate::app {
namespace {

constexpr std::array<int, 5> kDaysBefore{0, 1, 7, 30, 60};
constexpr int kRenewalHasFailed = 7;

}  // namespace

std::optional<int> days_announced(TimePoint ends, TimePoint now) noexcept {
  const auto found = std::ranges::find_if(kDaysBefore, [&](int days) { return ends - now <= std::chrono::days(days); });
  return found == kDaysBefore.end() ? std::nullopt : std::optional(*found);
}

std::vector<KnownEnd> known_ends(const config::Settings& settings) {
  std::vector<KnownEnd> ends;
  std::error_code error;
  const auto add = [&](const char* what, const std::filesystem::path& file, const std::string& next,
                       bool renews_itself = false) {
    if (!std::filesystem::exists(file, error)) return;
    if (const auto end = tls::end_of_certificate(file)) ends.push_back({what, *end, next, renews_itself});
  };
  const auto add_own = [&](const char* what, const char* name) {
    const web::OwnCertificate own{.folder = settings.state, .file = name, .school = {}, .names = {}, .addresses = {}};
    if (web::is_given(own))
      add(what, own.certificate_file(), "Put a new one and its key in their place and restart.");
    else
      add(what, own.certificate_file(),
          "The gateway has not been able to make a new one; its log says why. A restart tries again.", true);
  };
  const Authorities them = read_authorities(settings);
  add(kAuthority, tls::authority_files(authority_folder(settings)).certificate,
      them.coming
          ? "The new one beside it takes its place before that, by itself."
          : "Nothing is opened after that. Make the new one beside it, in good time for the devices: schoolgate "
            "ca renew.");
  if (them.coming && them.switch_at)
    ends.push_back({"the time to install the school's new authority", *them.switch_at,
                    "From then on opened pages come with it, and a device without it warns. The certificate and the "
                    "steps: schoolgate ca export --format page. Too early: schoolgate ca renew --back."});
  if (settings.listen.console) add_own("the certificate of the desk", "console");
  const auto& sign_in = settings.identity.sign_in;
  if (sign_in && !sign_in->certificate) add_own("the certificate of the sign-in page", "portal");
  if (sign_in && sign_in->certificate)
    add("the certificate of the sign-in page", *sign_in->certificate, "Put a new one in its place and restart.");
  return ends;
}

EndsWatch::EndsWatch(std::filesystem::path state) : file_(std::move(state) / "ends") {
  const auto text = read_file(file_);
  if (!text) return;  // none was announced yet
  for (std::string_view rest = *text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    Told told{.what = std::string(cut_at(line, '\t')), .ends = {}, .days = 0};
    const auto ends = from_rfc3339(cut_at(line, '\t'));
    const auto [last, error] = std::from_chars(line.data(), line.data() + line.size(), told.days);
    if (told.what.empty() || !ends || error != std::errc()) continue;
    told.ends = *ends;
    told_.push_back(std::move(told));
  }
}

std::vector<EndsWatch::Announcement> EndsWatch::look(std::span<const KnownEnd> ends, TimePoint now) {
  std::vector<Announcement> announcements;
  for (const KnownEnd& known : ends) {
    const auto days = days_announced(known.ends, now);
    const auto told = std::ranges::find(told_, known.what, &Told::what);
    const bool is_told = told != told_.end() && told->ends == known.ends;
    if (!days || (known.renews_itself && *days > kRenewalHasFailed) || (is_told && told->days <= *days)) continue;
    if (told == told_.end())
      told_.push_back({known.what, known.ends, *days});
    else
      *told = {known.what, known.ends, *days};
    const std::string date = to_rfc3339(known.ends).substr(0, 10);
    const std::string when = *days == 0   ? "has ended"
                             : *days == 1 ? "ends within a day"
                                          : "ends within " + std::to_string(*days) + " days";
    announcements.push_back({known.what + " " + when, known.what + " " + when + ": " + date + ". " + known.next});
  }
  if (!announcements.empty()) keep();
  return announcements;
}

void EndsWatch::keep() const {
  std::string text;
  for (const Told& told : told_)
    text += told.what + '\t' + to_rfc3339(told.ends) + '\t' + std::to_string(told.days) + '\n';
  if (auto kept = replace_file(file_, text); !kept)
    log::warning("what was announced is not kept, and will be again", {{"why", kept.error().text()}});
}

}  // namespace schoolgate::app
