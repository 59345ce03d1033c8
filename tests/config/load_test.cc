#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/yaml_tree.h"
#include "tests/config/scratch_folder.h"

namespace schoolgate::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::ScratchFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string problem_text(const Problems& problems) {
  std::string out;
  for (const Problem& problem : problems) out += problem.text() + "\n";
  return out;
}

Configuration load_sound(const ScratchFolder& folder) {
  Loaded loaded = load(folder.path());
  EXPECT_TRUE(loaded.configuration) << problem_text(loaded.problems);
  return loaded.configuration ? std::move(*loaded.configuration) : Configuration{};
}

TEST(Load, TwoSmallFilesAreEnoughAndTheRestHasDefaults) {
  ScratchFolder folder;
  folder.write_sound();
  const Configuration out = load_sound(folder);
  const Settings& settings = out.settings;
  EXPECT_EQ(settings.site.name, "S");
  EXPECT_EQ(settings.site.timezone, "UTC");
  EXPECT_FALSE(settings.site.gateway.empty());
  EXPECT_EQ(settings.state, folder.path() / "state");
  ASSERT_EQ(settings.listen.proxy.size(), 1u);
  EXPECT_EQ(settings.listen.proxy[0].text(), "127.0.0.1:8080");
  EXPECT_THAT(settings.listen.tls, IsEmpty());
  EXPECT_FALSE(settings.listen.metrics);
  EXPECT_THAT(settings.upstream.connect_ports, ElementsAre(443));
  EXPECT_THAT(settings.upstream.allow_private, IsEmpty());
  EXPECT_TRUE(settings.via);
  EXPECT_FALSE(settings.decisions);
  EXPECT_EQ(settings.first_start, FirstStart::wait) << "a gateway that has never had its data closes";
  EXPECT_TRUE(settings.known_gaps.empty());
  EXPECT_EQ(settings.retention.decisions, hours(24 * 90));
  EXPECT_EQ(settings.retention.breaches, hours(24 * 365));
  EXPECT_EQ(settings.retention.audit, hours(24 * 365 * 7));
  EXPECT_EQ(settings.limits.header, seconds(20));
  EXPECT_EQ(settings.limits.header_bytes, 64u * 1024);
  EXPECT_EQ(settings.limits.header_count, 200u);
  EXPECT_EQ(settings.unnamed.no_sni, UnnamedAnswer::block);
  EXPECT_EQ(settings.unnamed.ech, UnnamedAnswer::block);
  EXPECT_EQ(settings.inspection, rules::InspectionMode::off);
  EXPECT_THAT(out.lists, IsEmpty());
  EXPECT_THAT(out.alerts.routes, IsEmpty());
  EXPECT_FALSE(out.alerts.mail);
}

TEST(Load, ReadsEveryKeyOfSchoolgateYaml) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("roots.pem", "not looked into here\n");
  folder.write("my-hosts", "127.0.0.1 www.example\n");
  folder.write("pages/blocked.html", "");
  folder.write("schoolgate.yaml", R"(
site: { name: A School, timezone: Europe/London, gateway: gate-1, contact: "the office, extension 21" }
state: /var/lib/schoolgate
listen:
  proxy: ["0.0.0.0:8080", "[::]:8080"]
  http: ["0.0.0.0:8081"]
  tls: ["0.0.0.0:8443"]
  console: "127.0.0.1:9443"
  metrics: "127.0.0.1:9100"
upstream:
  connect_ports: [443, 8444, 443]
  allow_private: ["127.0.0.0/8", "fd00::/8"]
  trust: [roots.pem]
  resolver: [192.0.2.53, "[2001:db8::53]:5353"]
  hosts: my-hosts
via: false
inspection: { mode: selective, never: [support, bank.example] }
unnamed: { no_sni: judge, ip_sni: judge, ech: judge, not_tls: judge, malformed: block }
decisions: logs/decisions.jsonl
retention: { decisions: 1d, breaches: 2d, audit: 3d }
limits: { header: 1s, connect: 2s, response: 3s, idle: 4s, idle_tunnel: 5s, drain: 6s, client_connections: 7,
          client_streams: 12, client_memory: 2MiB,
          connections: 8, header_bytes: 9KiB, header_count: 10, workers: 11 }
pages: pages
first_start: serve
known_gaps: { suicide: "a list is applied for", hate: "none is public" }
)");
  const Configuration out = load_sound(folder);
  const Settings& settings = out.settings;
  EXPECT_EQ(settings.site.gateway, "gate-1");
  EXPECT_EQ(settings.site.contact, "the office, extension 21");
  EXPECT_EQ(settings.state, "/var/lib/schoolgate");
  EXPECT_EQ(settings.listen.proxy[1].text(), "[::]:8080");
  EXPECT_EQ(settings.listen.http[0].port, 8081);
  EXPECT_EQ(settings.listen.tls[0].port, 8443);
  EXPECT_EQ(settings.listen.console->port, 9443);
  EXPECT_EQ(settings.listen.metrics->port, 9100);
  EXPECT_THAT(settings.upstream.connect_ports, ElementsAre(443, 8444));
  EXPECT_EQ(settings.upstream.allow_private[1].text(), "fd00::/8");
  EXPECT_THAT(settings.upstream.trust, ElementsAre(folder.path() / "roots.pem"));
  EXPECT_EQ(settings.upstream.resolver[0].text(), "192.0.2.53:53");
  EXPECT_EQ(settings.upstream.resolver[1].text(), "[2001:db8::53]:5353");
  EXPECT_EQ(settings.upstream.hosts, folder.path() / "my-hosts");
  EXPECT_FALSE(settings.via);
  EXPECT_EQ(settings.inspection, rules::InspectionMode::selective);
  EXPECT_EQ(out.policy.inspection, rules::InspectionMode::selective);
  EXPECT_THAT(out.policy.never_inspect, ElementsAre("support", "bank.example"));
  EXPECT_EQ(settings.unnamed.no_sni, UnnamedAnswer::judge);
  EXPECT_EQ(settings.unnamed.ip_sni, UnnamedAnswer::judge);
  EXPECT_EQ(settings.unnamed.ech, UnnamedAnswer::judge);
  EXPECT_EQ(settings.unnamed.not_tls, UnnamedAnswer::judge);
  EXPECT_EQ(settings.decisions, folder.path() / "logs/decisions.jsonl");
  EXPECT_EQ(settings.retention.audit, hours(72));
  EXPECT_EQ(settings.limits.header, seconds(1));
  EXPECT_EQ(settings.limits.connect, seconds(2));
  EXPECT_EQ(settings.limits.response, seconds(3));
  EXPECT_EQ(settings.limits.idle, seconds(4));
  EXPECT_EQ(settings.limits.idle_tunnel, seconds(5));
  EXPECT_EQ(settings.limits.drain, seconds(6));
  EXPECT_EQ(settings.limits.client_connections, 7u);
  EXPECT_EQ(settings.limits.client_streams, 12u);
  EXPECT_EQ(settings.limits.client_memory, 2u << 20);
  EXPECT_EQ(settings.limits.connections, 8u);
  EXPECT_EQ(settings.limits.header_bytes, 9216u);
  EXPECT_EQ(settings.limits.header_count, 10u);
  EXPECT_EQ(settings.limits.workers, 11u);
  EXPECT_EQ(settings.pages, folder.path() / "pages");
  EXPECT_EQ(settings.first_start, FirstStart::serve);
  EXPECT_EQ(settings.known_gaps,
            (std::map<std::string, std::string>{{"hate", "none is public"}, {"suicide", "a list is applied for"}}));
}

TEST(Load, ReadsGroupsWithTheirSchedules) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("policy.yaml", R"(groups:
  ks1: { unlisted: block, members: { networks: [10.1.0.0/16] } }
  staff:
    title: Staff
    members: { networks: [10.2.0.0/16, "2001:db8::/32"] }
    categories: { games: monitor, gambling: block }
    safe_search: true
    youtube: moderate
    inspect: [search]
    schedules:
      - when: { days: [mon, fri], from: "22:00", to: 06:30 }
        categories: { games: allow }
      - when: { from: 12:15, to: 13:15 }
        unlisted: block
fallback: ks1
)");
  const rules::PolicySpec policy = load_sound(folder).policy;
  ASSERT_EQ(policy.groups.size(), 2u);
  EXPECT_EQ(policy.groups[0].title, "ks1");
  EXPECT_EQ(policy.groups[0].unlisted, rules::Action::block);
  EXPECT_FALSE(policy.groups[0].safe_search);
  const rules::GroupSpec& staff = policy.groups[1];
  EXPECT_EQ(staff.at.line_text(), (folder.path() / "policy.yaml").string() + ":3");
  EXPECT_EQ(staff.networks[1].network.text(), "2001:db8::/32");
  EXPECT_EQ(staff.networks[1].at.column, 40);
  EXPECT_EQ(staff.categories[0].category, "games");
  EXPECT_EQ(staff.categories[0].action, rules::Action::monitor);
  EXPECT_EQ(staff.unlisted, rules::Action::allow);
  EXPECT_EQ(staff.youtube, rules::YoutubeRestriction::moderate);
  EXPECT_THAT(staff.inspect, ElementsAre("search"));
  ASSERT_EQ(staff.schedules.size(), 2u);
  EXPECT_THAT(staff.schedules[0].days, ElementsAre(true, false, false, false, true, false, false));
  EXPECT_EQ(staff.schedules[0].from_minute, 22 * 60);
  EXPECT_EQ(staff.schedules[0].to_minute, 6 * 60 + 30);
  EXPECT_FALSE(staff.schedules[0].unlisted);
  EXPECT_THAT(staff.schedules[1].days, ElementsAre(true, true, true, true, true, true, true));
  EXPECT_EQ(staff.schedules[1].from_minute, 735);
  EXPECT_EQ(staff.schedules[1].unlisted, rules::Action::block);
  EXPECT_EQ(policy.fallback, "ks1");
  EXPECT_EQ(policy.fallback_at.line, 15);
}

TEST(Load, ReadsWhatInspectionLetsAGroupAskFor) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("policy.yaml", R"(groups:
  pupils:
    safe_search: true
    search_terms: false
    tenants:
      google: [school.example, trust.example]
      microsoft:
        tenants: [school.example]
        context: 01234567-89ab-cdef-0123-456789ABCDEF
        personal_accounts: allow
    downloads: { block_types: [application/x-msdownload, "video/*"], block_extensions: [exe, tar.gz], max_size: 200MB }
  staff: {}
fallback: pupils
)");
  const rules::PolicySpec policy = load_sound(folder).policy;
  ASSERT_EQ(policy.groups.size(), 2u);
  const rules::GroupSpec& pupils = policy.groups[0];
  EXPECT_EQ(pupils.search_terms, false);
  EXPECT_THAT(pupils.tenants.google, ElementsAre("school.example", "trust.example"));
  EXPECT_THAT(pupils.tenants.microsoft, ElementsAre("school.example"));
  EXPECT_EQ(pupils.tenants.microsoft_context, "01234567-89ab-cdef-0123-456789ABCDEF");
  EXPECT_TRUE(pupils.tenants.microsoft_personal);
  ASSERT_TRUE(pupils.downloads);
  EXPECT_THAT(pupils.downloads->block_types, ElementsAre("application/x-msdownload", "video/*"));
  EXPECT_THAT(pupils.downloads->block_extensions, ElementsAre("exe", "tar.gz"));
  EXPECT_EQ(pupils.downloads->max_size, 200'000'000u);
  EXPECT_EQ(pupils.downloads->at.line, 11);
  EXPECT_FALSE(policy.groups[1].search_terms) << "then it follows safe_search";
  EXPECT_FALSE(policy.groups[1].tenants.any());
  EXPECT_FALSE(policy.groups[1].downloads);
  EXPECT_TRUE(policy.groups[1].certificate) << "devices have the school's certificate unless it is said";
}

TEST(Load, ReadsThatDevicesOfAGroupDoNotHaveTheCertificate) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("policy.yaml", R"(groups:
  visitors:
    certificate: false
    inspect: [games]
    search_terms: true
  pupils: { certificate: false, search_terms: false }
fallback: visitors
)");
  const Loaded loaded = load(folder.path());
  ASSERT_TRUE(loaded.configuration);
  EXPECT_FALSE(loaded.configuration->policy.groups[0].certificate);
  EXPECT_FALSE(loaded.configuration->policy.groups[1].certificate);
  std::vector<std::string> warnings;
  for (const Problem& problem : loaded.problems) warnings.push_back(problem.message);
  EXPECT_THAT(warnings, ElementsAre("'inspect' has no effect with 'certificate: false'",
                                    "'search_terms' has no effect with 'certificate: false'"));
}

TEST(Load, ReadsHowPagesAreRead) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("policy.yaml", R"(groups:
  pupils:
    unlisted: inspect
    content: { threshold: 60, thresholds: { pornography: 80 }, keep_words: true }
  older: { unlisted: inspect }
  staff: { unlisted: allow }
fallback: pupils
)");
  const rules::PolicySpec policy = load_sound(folder).policy;
  ASSERT_EQ(policy.groups.size(), 3u);
  const rules::GroupSpec& pupils = policy.groups[0];
  EXPECT_TRUE(pupils.inspect_unlisted);
  EXPECT_EQ(pupils.unlisted, rules::Action::allow);
  ASSERT_TRUE(pupils.content);
  EXPECT_EQ(pupils.content->threshold, 60);
  ASSERT_EQ(pupils.content->thresholds.size(), 1u);
  EXPECT_EQ(pupils.content->thresholds[0].category, "pornography");
  EXPECT_EQ(pupils.content->thresholds[0].score, 80);
  EXPECT_TRUE(pupils.content->keep_words);
  EXPECT_EQ(pupils.content->at.line, 4);
  ASSERT_TRUE(policy.groups[1].content) << "to open a page and not to read it helps nobody";
  EXPECT_EQ(policy.groups[1].content->threshold, 100);
  EXPECT_FALSE(policy.groups[2].content);
}

TEST(Load, ReadsTerms) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("rules/terms.yaml", R"(block:
  - { term: "how to make a bomb", category: weapons }
allow:
  - { term: bath bomb }
emergency:
  - { term: new craze }
terms:
  - { term: "self harm*", category: self-harm, groups: [pupils], why: "asked for by the lead" }
)");
  const rules::PolicySpec policy = load_sound(folder).policy;
  ASSERT_EQ(policy.rules.size(), 4u);
  for (const rules::RuleSpec& rule : policy.rules) EXPECT_EQ(rule.kind, rules::RuleSpec::Kind::term) << rule.text;
  EXPECT_EQ(policy.rules[0].effect, rules::RuleSpec::Effect::block);
  EXPECT_EQ(policy.rules[1].effect, rules::RuleSpec::Effect::allow);
  EXPECT_EQ(policy.rules[2].effect, rules::RuleSpec::Effect::emergency);
  EXPECT_EQ(policy.rules[3].effect, rules::RuleSpec::Effect::categorise);
  EXPECT_EQ(policy.rules[3].text, "self harm*");
  EXPECT_EQ(policy.rules[3].category, "self-harm");
}

TEST(Load, ReadsRulesInTheOrderOfTheirFilesNames) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("rules/20.yaml", "emergency: [{ site: c.example }]\n");
  folder.write("rules/10.yaml", R"(block:
  - { site: a.example, category: games, groups: [pupils], why: w }
allow:
  - { pattern: 'b+', approved_by: h, risk_assessment: RA-1, until: 2026-12-18 }
tests:
  - { url: "https://a.example/", group: pupils, expect: block, category: games, at: "tue 12:30" }
)");
  folder.write("rules/.10.yaml.swp", "an editor's own");
  folder.write("rules/notes.txt", "a person's own");
  const rules::PolicySpec policy = load_sound(folder).policy;
  ASSERT_EQ(policy.rules.size(), 3u);
  EXPECT_EQ(policy.rules[0].effect, rules::RuleSpec::Effect::block);
  EXPECT_EQ(policy.rules[0].kind, rules::RuleSpec::Kind::site);
  EXPECT_THAT(policy.rules[0].groups, ElementsAre("pupils"));
  EXPECT_EQ(policy.rules[0].why, "w");
  EXPECT_EQ(policy.rules[0].at.line, 2);
  EXPECT_EQ(policy.rules[1].kind, rules::RuleSpec::Kind::pattern);
  EXPECT_EQ(policy.rules[1].text, "b+");
  EXPECT_EQ(policy.rules[1].until, std::chrono::year(2026) / 12 / 18);
  EXPECT_EQ(policy.rules[2].effect, rules::RuleSpec::Effect::emergency);
  EXPECT_EQ(policy.rules[2].at.file, (folder.path() / "rules/20.yaml").string());
  ASSERT_EQ(policy.tests.size(), 1u);
  EXPECT_EQ(policy.tests[0].time, "tue 12:30");
  EXPECT_EQ(policy.tests[0].category, "games");
}

TEST(Load, ReadsWhoBelongsToAGroupAndWhatTheyHaveADay) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("policy.yaml", R"(groups:
  pupils:
    members:
      networks: [10.0.0.0/8]
      users: [amelia.hughes, "class:robins"]
      groups: [Year 5, "CN=Pupils"]
      devices: [school, unknown]
    allowances: { games: 30m, social-media: 1h }
fallback: pupils
)");
  const Configuration out = load_sound(folder);
  ASSERT_EQ(out.policy.groups.size(), 1u);
  const rules::GroupSpec& group = out.policy.groups[0];
  ASSERT_EQ(group.users.size(), 2u);
  EXPECT_EQ(group.users[1].name, "class:robins");
  EXPECT_EQ(group.users[1].at.line, 5);
  EXPECT_EQ(group.users[1].at.column, 30);
  ASSERT_EQ(group.directory_groups.size(), 2u);
  EXPECT_EQ(group.directory_groups[0].name, "Year 5");
  ASSERT_EQ(group.devices.size(), 2u);
  EXPECT_EQ(group.devices[1].name, "unknown");
  ASSERT_EQ(group.allowances.size(), 2u);
  EXPECT_EQ(group.allowances[0].category, "games");
  EXPECT_EQ(group.allowances[0].minutes, 30);
  EXPECT_EQ(group.allowances[1].minutes, 60);
  EXPECT_EQ(group.allowances[1].at.line, 8);
}

TEST(Load, ReadsHelpersAndListsOfSites) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("policy.yaml", "groups: { pupils: { unlisted: block } }\nfallback: pupils\n");
  folder.write("rules/a.yaml", R"(allow:
  - { site: phonics.example, needs: [cdn.example, fonts.example] }
lists:
  phonics: [a.example, b.example/games]
tests:
  - { url: "https://cdn.example/", group: pupils, expect: allow, from: "https://www.phonics.example/a" }
)");
  folder.write("rules/b.yaml", "lists: { maths: [m.example] }\n");
  const Configuration out = load_sound(folder);
  ASSERT_EQ(out.policy.rules.size(), 1u);
  ASSERT_EQ(out.policy.rules[0].needs.size(), 2u);
  EXPECT_EQ(out.policy.rules[0].needs[1].host, "fonts.example");
  EXPECT_EQ(out.policy.rules[0].needs[1].at.column, 51);
  ASSERT_EQ(out.policy.lists.size(), 2u);
  const rules::SiteListSpec& list = out.policy.lists.at("phonics");
  EXPECT_THAT(list.sites, ElementsAre("a.example", "b.example/games"));
  ASSERT_EQ(list.positions.size(), 2u);
  EXPECT_EQ(list.positions[1].line, 4);
  EXPECT_EQ(list.positions[1].column, 24);
  EXPECT_EQ(list.at.line, 4);
  ASSERT_EQ(out.policy.tests.size(), 1u);
  EXPECT_EQ(out.policy.tests[0].from, "https://www.phonics.example/a");
}

TEST(Load, ReadsWhatTheDeskNeedsOfAlerts) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("hook", "secret");
  ::chmod((folder.path() / "hook").c_str(), 0600);
  folder.write("alerts.yaml", R"(recipients:
  dsl: { email: dsl@school.example }
  deputy: { email: deputy@school.example }
  head: { email: head@school.example }
mail: { server: "smtp://127.0.0.1:25", from: filter@school.example }
webhooks: [ { name: cases, url: "https://cases.example/in", secret_file: hook } ]
escalation:
  - { after: 10m, to: [deputy] }
  - { after: 20m, to: [head, cases] }
school_hours: { days: [mon, tue], from: "08:30", to: "16:00" }
canary: { day: fri, at: "08:30", to: [dsl] }
console: https://gateway.school.example:9443/
case_system: { webhook: cases }
)");
  const casework::AlertSettings alerts = load_sound(folder).alerts;
  ASSERT_EQ(alerts.escalation.size(), 2u);
  EXPECT_EQ(alerts.escalation[1].after, std::chrono::minutes(20));
  EXPECT_THAT(alerts.escalation[1].to, ElementsAre("head", "cases"));
  ASSERT_TRUE(alerts.school_hours);
  EXPECT_TRUE(alerts.school_hours->days[1]);
  EXPECT_FALSE(alerts.school_hours->days[2]);
  EXPECT_EQ(alerts.school_hours->from_minute, 8 * 60 + 30);
  EXPECT_EQ(alerts.school_hours->to_minute, 16 * 60);
  ASSERT_TRUE(alerts.canary);
  EXPECT_EQ(alerts.canary->day, 4);
  EXPECT_EQ(alerts.canary->minute, 8 * 60 + 30);
  EXPECT_EQ(alerts.console, "https://gateway.school.example:9443");
  EXPECT_EQ(alerts.case_system, "cases");
}

TEST(Load, ReadsListsCategoriesAndAlerts) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("categories.yaml",
               "categories: [{ id: forums, title: Forums, urgency: 2 }, { id: games, urgency: 3 }]\n");
  folder.write("list.txt", "a.example\n");
  folder.write("key.pub", "k\n");
  folder.write("lists.yaml", R"(lists:
  - { name: near, category: forums, format: urls, source: list.txt, sealed: true, force: true,
      owner: Network manager, licence_holder: Ashford Oaks, licence_until: 2027-08-31 }
  - { name: far, category: games, format: hosts, source: "https://lists.example/x", refresh: 6h,
      checksum: "https://lists.example/x.sha256", signature: "https://lists.example/x.minisig", public_key: key.pub }
  - { name: late, category: games, format: urls, source: not-yet.txt, sealed: true, stale_after: 36h, if_missing: serve }
update: { proxy: "http://proxy.example:3128", most_bytes: 8MiB, over_blocks: 2,
          must_block: [ { url: "http://probe.example/x", category: games } ] }
)");
  folder.write("secret", "s");
  ::chmod((folder.path() / "secret").c_str(), 0600);
  folder.write("alerts.yaml", R"(
recipients: { dsl: { email: dsl@school.example, user: D.Lead } }
mail: { server: "smtp://127.0.0.1:25", from: gate@school.example, user: gate, password_file: secret,
        require_tls: true }
webhooks: [ { name: case-system, url: "https://case.example/in", secret_file: secret } ]
routes:
  - { urgency: 4, send: now, to: [dsl, case-system] }
  - { urgency: 2, send: daily, at: 15:30, to: [dsl] }
)");
  const Configuration out = load_sound(folder);
  const auto forums = out.policy.categories.find("forums");
  ASSERT_NE(forums, rules::kNoCategory);
  EXPECT_EQ(out.policy.categories[forums].theme, "forums");
  EXPECT_EQ(out.policy.categories[out.policy.categories.find("games")].urgency, 3);

  ASSERT_EQ(out.lists.size(), 3u);
  EXPECT_EQ(out.lists[0].source, folder.path() / "list.txt");
  EXPECT_FALSE(out.lists[0].remote);
  EXPECT_TRUE(out.lists[0].sealed);
  EXPECT_TRUE(out.lists[0].force);
  EXPECT_EQ(out.lists[0].format, blocklists::Format::urls);
  EXPECT_TRUE(out.lists[1].remote);
  EXPECT_EQ(out.lists[1].refresh, hours(6));
  EXPECT_EQ(out.lists[1].proof.checksum, "https://lists.example/x.sha256");
  EXPECT_EQ(out.lists[1].proof.public_key, folder.path() / "key.pub");
  EXPECT_EQ(out.lists[1].at.line, 4);
  EXPECT_EQ(out.lists[0].owner, "Network manager");
  EXPECT_EQ(out.lists[0].licence_holder, "Ashford Oaks");
  EXPECT_EQ(out.lists[0].licence_until, std::chrono::year(2027) / 8 / 31);
  EXPECT_FALSE(out.lists[1].licence_until);
  EXPECT_EQ(out.lists[0].stale_after, hours(24)) << "sealed";
  EXPECT_EQ(out.lists[0].if_missing, IfMissing::refuse);
  EXPECT_FALSE(out.lists[1].stale_after);
  EXPECT_EQ(out.lists[1].if_missing, IfMissing::serve) << "it is fetched later";
  EXPECT_EQ(out.lists[2].stale_after, hours(36));
  EXPECT_EQ(out.lists[2].if_missing, IfMissing::serve);
  EXPECT_EQ(out.list_updates.proxy, "http://proxy.example:3128");
  EXPECT_EQ(out.list_updates.most_bytes, 8u << 20);
  EXPECT_EQ(out.list_updates.most_over_blocks, 2u);
  ASSERT_EQ(out.list_updates.must_block.size(), 1u);
  EXPECT_EQ(out.list_updates.must_block[0].url.text(), "http://probe.example/x");
  EXPECT_EQ(out.list_updates.must_block[0].category, "games");

  ASSERT_EQ(out.alerts.recipients.size(), 1u);
  EXPECT_EQ(out.alerts.recipients[0].user, "D.Lead") << "no alert about this account goes to its owner";
  ASSERT_TRUE(out.alerts.mail);
  EXPECT_EQ(out.alerts.mail->password_file, folder.path() / "secret");
  EXPECT_EQ(out.alerts.mail->user, "gate");
  EXPECT_TRUE(out.alerts.mail->require_tls);
  EXPECT_EQ(out.alerts.webhooks[0].name, "case-system");
  ASSERT_EQ(out.alerts.routes.size(), 2u);
  EXPECT_FALSE(out.alerts.routes[0].daily);
  EXPECT_THAT(out.alerts.routes[0].to, ElementsAre("dsl", "case-system"));
  EXPECT_TRUE(out.alerts.routes[1].daily);
  EXPECT_EQ(out.alerts.routes[1].daily_minute, 15 * 60 + 30);
}

TEST(Load, WarnsOfASecretThatEverybodyCanRead) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("secret", "s");
  ::chmod((folder.path() / "secret").c_str(), 0644);
  folder.write("alerts.yaml", "webhooks: [ { name: w, url: \"https://case.example/\", secret_file: secret } ]\n");
  const Loaded loaded = load(folder.path());
  EXPECT_TRUE(loaded.configuration);
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].severity, Problem::Severity::warning);
  EXPECT_THAT(loaded.problems[0].text(), HasSubstr("alerts.yaml:1:67: "));
}

TEST(Load, TheVersionIsOfTheContent) {
  ScratchFolder folder;
  folder.write_sound();
  const Configuration first = load_sound(folder);
  EXPECT_EQ(first.version.size(), 12u);
  EXPECT_EQ(first.version.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(first.policy.version, first.version);
  EXPECT_EQ(load_sound(folder).version, first.version);
  folder.write("rules/a.yaml", "# nothing yet\n");
  const Configuration second = load_sound(folder);
  EXPECT_NE(second.version, first.version);
  ASSERT_EQ(second.files.size(), 3u);
  EXPECT_EQ(second.files[0].first, "schoolgate.yaml");
  EXPECT_EQ(second.files[2], (std::pair<std::string, std::string>{"rules/a.yaml", "# nothing yet\n"}));
}

TEST(Load, NamesFilesAsTheFolderWasGiven) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("policy.yaml", "fallback: pupils\n");
  const std::filesystem::path relative = std::filesystem::relative(folder.path());
  const Loaded loaded = load(relative);
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].at.text(), (relative / "policy.yaml").string() + ":1:1");
}

TEST(Load, AFolderThatCannotBeReadIsAnError) {
  ScratchFolder folder;
  const Loaded loaded = load(folder.path() / "nowhere");
  EXPECT_FALSE(loaded.configuration);
  EXPECT_THAT(problem_text(loaded.problems), HasSubstr("cannot read this folder: No such file or directory"));
}

TEST(Load, AFolderOrAPipeWhereAFileBelongsIsAnError) {
  ScratchFolder folder;
  folder.write_sound();
  std::filesystem::create_directory(folder.path() / "alerts.yaml");
  std::filesystem::create_directory(folder.path() / "rules");
  ASSERT_EQ(::mkfifo((folder.path() / "rules/pipe.yaml").c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder.path() / "rules/link.yaml");
  const Loaded loaded = load(folder.path());
  EXPECT_FALSE(loaded.configuration);
  EXPECT_EQ(loaded.problems.size(), 3u) << problem_text(loaded.problems);
}

TEST(Load, AFileThatIsTooLargeIsAnError) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("rules/large.yaml", "a: b\n");
  std::filesystem::resize_file(folder.path() / "rules/large.yaml", kMaxFileBytes + 1);
  const Loaded loaded = load(folder.path());
  EXPECT_FALSE(loaded.configuration);
  EXPECT_THAT(problem_text(loaded.problems), HasSubstr("is larger than 4194304 bytes"));
}

TEST(Load, NothingIsHandedOutWithAnErrorInIt) {
  ScratchFolder folder;
  folder.write_sound();
  folder.write("rules/a.yaml", "block: [{ site: a.example }]\n");
  const Loaded loaded = load(folder.path());
  EXPECT_TRUE(has_errors(loaded.problems));
  EXPECT_FALSE(loaded.configuration);
}

}  // namespace
}  // namespace schoolgate::config
