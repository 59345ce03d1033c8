// schoolgate ca: the school's own certificate authority, which TLS inspection speaks with.
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "app/act_as_owner.h"
#include "app/authority_page.h"
#include "app/command.h"
#include "app/read_configuration.h"
#include "base/file.h"
#include "proxy/tls/authority.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kHelp = R"(schoolgate ca create --config DIR
schoolgate ca export --config DIR [--format pem|der|page] [--output FILE]

create   makes the school's certificate authority: a P-256 key that never leaves this machine, in the state folder with
         mode 0600, and a certificate for ten years. Never overwrites one that is there.
export   writes the certificate (never the key) for the school's devices: as PEM (the default), as DER (what Windows
         and Android like best), or as a page that explains step by step how to bring it to Windows, Intune, Google
         Admin, iPads, Macs, Android and Firefox. Without --output to standard output.

Run by root, create acts as the user who owns the state folder: the key belongs to the gateway's user alone.

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
  std::error_code error;
  if (!std::filesystem::exists(tls::authority_files(folder).certificate, error))
    return report({Fault::config, "there is no authority in " + folder.string(), "make one: schoolgate ca create"});
  const auto authority = tls::Authority::load_public(folder);
  if (!authority) return report(authority.error());
  const std::string format = arguments.get("--format", "pem"), output = arguments.get("--output");
  if (format == "pem") return write_out(output, (*authority)->certificate_pem());
  if (format == "der") return write_out(output, (*authority)->certificate_der());
  if (format == "page") return write_out(output, authority_page(settings.site.name, **authority));
  return usage_error(kCaCommand, {Fault::client, "--format is pem, der or page", {}});
}

int run(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(
      words, {.options = {"--config", "--format", "--output"}, .switches = {}, .least_words = 1, .most_words = 1});
  if (!arguments) return usage_error(kCaCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kCaCommand, {Fault::client, "--config DIR is missing", {}});
  const std::string& verb = arguments->words().front();
  if (verb != "create" && verb != "export")
    return usage_error(kCaCommand, {Fault::client, "ca knows create and export, not '" + verb + "'", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  return verb == "create" ? create(configuration->settings) : export_it(configuration->settings, *arguments);
}

}  // namespace

const Command kCaCommand{"ca", "make and export the school's certificate authority", kHelp, run};

}  // namespace schoolgate::app
