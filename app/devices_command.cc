// schoolgate devices: the school's register of machines.
#include <cstdio>

#include "app/register_school.h"
#include "identity/account_name.h"
#include "identity/device_register.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kDevicesHelp =
    R"(schoolgate devices add MAC    --config DIR --kind school|staff|phone|console|guest [--name N] [--owner WHO]
                              [--note TEXT] [--by-name-only]
schoolgate devices remove MAC --config DIR
schoolgate devices list       --config DIR [--csv | --json]

The register of machines on the school's networks, by hardware address (any spelling). It gives records a name and an
owner for a machine, tells which kinds may be used when (policy.yaml), and reports a pupil's phone that comes onto the
network. A running gateway takes changes within seconds. Devices that change their address by themselves ("private
Wi-Fi address") cannot be told apart this way: switch that off for the school's network.

  --by-name-only   the machine takes no certificate of the school: a console, a camera, a guest's tablet. It is judged by
                   the names of web sites and never opened.
  --csv, --json    for machines
)";

int add(RegisterSchool& school, const std::string& mac, const Arguments& arguments) {
  if (!identity::is_device_kind(arguments.get("--kind")))
    return usage_error(kDevicesCommand, {Fault::client, "--kind is school, staff, phone, console or guest", {}});
  const auto put = identity::DeviceRegister(*school.people)
                       .put({.mac = mac,
                             .name = arguments.get("--name"),
                             .owner = arguments.get("--owner"),
                             .kind = arguments.get("--kind"),
                             .by_name_only = arguments.has("--by-name-only"),
                             .note = arguments.get("--note")});
  if (!put) return put.error().fault == Fault::client ? usage_error(kDevicesCommand, put.error()) : report(put.error());
  print(mac + " is in the register\n");
  return kDone;
}

int devices(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--kind", "--name", "--owner", "--note", "--by"},
                              .switches = {"--by-name-only", "--csv", "--json"},
                              .least_words = 1,
                              .most_words = 2});
  if (!arguments) return usage_error(kDevicesCommand, arguments.error());
  const auto usage = [](std::string what) {
    return usage_error(kDevicesCommand, {Fault::client, std::move(what), {}});
  };
  const std::string& verb = arguments->words()[0];
  const bool has_object = arguments->words().size() == 2;
  if (verb != "add" && verb != "remove" && verb != "list") return usage("there is no 'devices " + verb + "'");
  if ((verb != "list") != has_object)
    return usage(has_object ? "'devices list' takes no address" : "'devices " + verb + "' needs a hardware address");
  if (arguments->has("--csv") && arguments->has("--json")) return usage("--csv or --json, not both");
  const auto mac = has_object ? identity::mac_address(arguments->words()[1]) : std::optional<std::string>("");
  if (!mac) return usage("'" + arguments->words()[1] + "' is no hardware address");

  int status = kDone;
  const auto use = verb == "list" ? RegisterUse::ask : RegisterUse::change;
  auto school = open_register(kDevicesCommand, *arguments, use, status);
  if (!school) return status;
  if (verb == "add") return add(*school, *mac, *arguments);
  if (verb == "remove") {
    if (const auto removed = identity::DeviceRegister(*school->people).remove(*mac); !removed)
      return report(removed.error());
    print("removed " + *mac + '\n');
    return kDone;
  }
  const auto all = identity::DeviceRegister(*school->people).all();
  if (!all) return report(all.error());
  return print_table(devices_table(*all), *arguments, school->school + "\nRegister of devices\n");
}

}  // namespace

const Command kDevicesCommand{"devices", "the school's register of machines", kDevicesHelp, devices};

}  // namespace schoolgate::app
