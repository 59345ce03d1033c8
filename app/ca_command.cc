// schoolgate ca: the school's own certificate authority, which TLS inspection speaks with.
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "app/act_as_owner.h"
#include "app/authority_page.h"
#include "app/authority_renewal.h"
#include "app/command.h"
#include "app/read_configuration.h"
#include "base/clock.h"
#include "base/file.h"
#include "proxy/tls/authority.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kCaHelp = R"(schoolgate ca create --config DIR
schoolgate ca export --config DIR [--format pem|der|page] [--only signs|coming|former] [--output FILE]
schoolgate ca renew  --config DIR [--on YYYY-MM-DD | --switch | --back | --finish]

create   makes the school's certificate authority: a P-256 key that never leaves this machine, in the state folder with
         mode 0600, and a certificate for ten years. Never overwrites one that is there.
export   writes the certificate (never the key) for the school's devices: as PEM (the default), as DER (what Windows
         and Android like best), or as a page that explains step by step how to bring it to Windows, Intune, Google
         Admin, iPads, Macs, Android and Firefox. Without --output to standard output. While an authority is renewed,
         PEM and page hold both; --only names one. DER holds one: the coming one, unless --only says otherwise.
renew    makes a new authority beside the old one, which goes on signing until a date: sixty days from now (a week before
         it ends, if that is sooner), or --on that day. Devices need both meanwhile. A running gateway follows within
         seconds, and nothing has to be reloaded. Called again it says how far the renewal is.
  --switch   the new one signs from now on; the old key is kept until the old certificate ends
  --back     the old one signs again, until --switch
  --finish   no device needs the old one any more: its key is overwritten and removed now

Run by root, create and renew act as the user who owns the state folder: keys belong to the gateway's user alone.

TLS inspection begins with the next `schoolgate reload` once an authority exists and inspection.mode in schoolgate.yaml
is selective or always.
)";

int create(const config::Settings& settings) {
  if (auto acts = act_as_owner(settings.state); !acts) return report(acts.error());
  if (auto made = make_private_folder(settings.state); !made) return report(made.error());
  const auto folder = authority_folder(settings);
  if (auto created = tls::create_authority(folder, settings.site.name, wall_now()); !created)
    return report(created.error());
  const auto authority = tls::Authority::load_public(folder);
  if (!authority) return report(authority.error());
  std::string text = "made " + (*authority)->subject() + "\n  SHA-256 " + (*authority)->fingerprint_sha256() +
                     "\n  key     " + (folder / "authority.key").string() +
                     " (0600: keep it off backups in clear)\n\n" +
                     "Next: bring the certificate to the school's devices. The steps, for each kind of device:\n\n" +
                     "  schoolgate ca export --config DIR --format page --output install-certificate.html\n";
  if (settings.inspection == rules::InspectionMode::off)
    text += "\nNothing is decrypted yet: inspection.mode in schoolgate.yaml is off.\n";
  else
    text += "\nA running gateway decrypts after: schoolgate reload --config DIR\n";
  print(text);
  return kDone;
}

// Whoever may not look into the state folder is told so, and not that nothing is there.
Result<void> can_look(const std::filesystem::path& folder) {
  std::error_code error;
  [[maybe_unused]] const bool there = std::filesystem::exists(tls::authority_files(folder).certificate, error);
  if (error != std::errc::permission_denied) return {};
  return fail(Fault::host, "cannot read " + folder.string() + ": " + error.message(), "run this as root");
}

int write_out(const std::string& path, std::string_view bytes) {
  if (path.empty()) {
    print(bytes);
    return kDone;
  }
  if (auto written = replace_file(path, bytes); !written) return report(written.error());
  ::chmod(path.c_str(), 0644);  // a certificate is for everybody
  return kDone;
}

int export_it(const config::Settings& settings, const Arguments& arguments) {
  const auto folder = authority_folder(settings);
  if (auto may = can_look(folder); !may) return report(may.error());
  std::error_code error;
  if (!std::filesystem::exists(tls::authority_files(folder).certificate, error))
    return report({Fault::config, "there is no authority in " + folder.string(), "make one: schoolgate ca create"});
  if (const auto readable = tls::Authority::load_public(folder); !readable) return report(readable.error());
  const Authorities them = read_authorities(settings);
  const std::string format = arguments.get("--format", "pem"), output = arguments.get("--output");
  const std::string only = arguments.get("--only");
  if (!only.empty() && only != "signs" && only != "coming" && only != "former")
    return usage_error(kCaCommand, {Fault::client, "--only is signs, coming or former", {}});
  const auto& named = only == "coming" ? them.coming : only == "former" ? them.former : them.signs;
  if (!named) return report({Fault::config, "there is no " + only + " authority", "see: schoolgate ca renew"});
  if (format == "der") return write_out(output, (only.empty() && them.coming ? them.coming : named)->certificate_der());
  Authorities shown = only.empty() ? them : Authorities{.signs = named, .coming = {}, .former = {}, .switch_at = {}};
  if (format == "page") return write_out(output, authority_page(settings.site.name, shown));
  if (format != "pem") return usage_error(kCaCommand, {Fault::client, "--format is pem, der or page", {}});
  std::string text;
  for (const auto& authority : shown.all()) text += authority->certificate_pem();
  return write_out(output, text);
}

std::string standing_of(const Authorities& them) {
  std::string text = them.signs->subject() + " signs, and ends on " + to_rfc3339_day(them.signs->not_after()) + '\n';
  if (them.coming)
    text += them.coming->subject() +
            (them.switch_at ? " signs from " + to_rfc3339_day(*them.switch_at)
                            : std::string(" signs once `ca renew --switch` says so")) +
            "\n  SHA-256 " + them.coming->fingerprint_sha256() +
            "\nDevices need both until then: schoolgate ca export --config DIR --format page\n";
  if (them.former)
    text += them.former->subject() + " signed before; its key is kept until " +
            to_rfc3339_day(them.former->not_after()) + ", or until `ca renew --finish`\n";
  return text;
}

// What the person in front of the terminal asked for is confirmed from what lies on the disk afterwards.
int say_standing(const config::Settings& settings) {
  const Authorities them = read_authorities(settings);
  if (!them.signs)
    return report({Fault::config, "there is no authority in " + authority_folder(settings).string(),
                   "make one: schoolgate ca create"});
  print(standing_of(them));
  return kDone;
}

int begin_renewal(const config::Settings& settings, const Arguments& arguments) {
  const TimePoint now = wall_now();
  const Authorities them = read_authorities(settings);
  if (!them.signs) return say_standing(settings);
  std::optional<TimePoint> on;
  if (arguments.has("--on")) {
    on = from_rfc3339(arguments.get("--on"));
    if (!on) return usage_error(kCaCommand, {Fault::client, "--on is a day: 2027-06-01", {}});
    if (*on <= now) return usage_error(kCaCommand, {Fault::client, "--on is a day to come", "at once: --switch"});
    if (*on > them.signs->not_after())
      return usage_error(kCaCommand, {Fault::client, "--on is after the end of the old authority", {}});
  } else if (them.coming || them.former) {
    return say_standing(settings);
  }
  if (auto made = prepare_renewal(settings, now, on.value_or(usual_switch(now, them.signs->not_after()))); !made)
    return report(made.error());
  return say_standing(settings);
}

int renew(const config::Settings& settings, const Arguments& arguments) {
  int ways = 0;
  for (const char* way : {"--on", "--switch", "--back", "--finish"}) ways += arguments.has(way);
  if (ways > 1)
    return usage_error(kCaCommand, {Fault::client, "--on, --switch, --back and --finish exclude each other", {}});
  if (auto acts = act_as_owner(settings.state); !acts) return report(acts.error());
  if (auto may = can_look(authority_folder(settings)); !may) return report(may.error());
  const Authorities them = read_authorities(settings);
  if (arguments.has("--switch") && !them.coming)
    return report({Fault::config, "no new authority is there to switch to", "make one: schoolgate ca renew"});
  if (arguments.has("--back") && !them.former)
    return report({Fault::config, "no former authority is there to go back to", {}});
  if (arguments.has("--switch") || arguments.has("--back")) {
    if (auto switched = switch_authorities(settings); !switched) return report(switched.error());
    return say_standing(settings);
  }
  if (arguments.has("--finish")) {
    if (auto gone = destroy_former(settings); !gone) return report(gone.error());
    return say_standing(settings);
  }
  return begin_renewal(settings, arguments);
}

int run_ca(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config", "--format", "--output", "--only", "--on"},
                                                 .switches = {"--switch", "--back", "--finish"},
                                                 .least_words = 1,
                                                 .most_words = 1});
  if (!arguments) return usage_error(kCaCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kCaCommand, {Fault::client, "--config DIR is missing", {}});
  const std::string& verb = arguments->words().front();
  if (verb != "create" && verb != "export" && verb != "renew")
    return usage_error(kCaCommand, {Fault::client, "ca knows create, export and renew, not '" + verb + "'", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const config::Settings& settings = configuration->settings;
  return verb == "create"  ? create(settings)
         : verb == "renew" ? renew(settings, *arguments)
                           : export_it(settings, *arguments);
}

}  // namespace

const Command kCaCommand{"ca", "make, export and renew the school's certificate authority", kCaHelp, run_ca};

}  // namespace schoolgate::app
