#include "bench/term/term_traffic.h"

#include <algorithm>
#include <array>

namespace schoolgate::term {
namespace {

using namespace std::chrono_literals;

struct Theme {
  std::string_view category, theme;
  int urgency, weight;  ///< of a thousand bursts
  std::array<std::string_view, 4> hosts;
  std::string_view action = "block";
};

// As it is told of primary schools: games and social media above all, a little of everything else, very little of the
// worst.
constexpr std::array kThemes = {
    Theme{"games",
          "games",
          1,
          330,
          {"blocky-worlds.example", "race-now.example", "free-games.test", "pixel-pets.example"}},
    Theme{"social-media", "social-media", 1, 240, {"pics.example", "clips.example", "friends.test", "snaps.example"}},
    Theme{"chat", "contact", 2, 90, {"talk.example", "rooms.test", "meet-and-chat.example", "voice.example"}},
    Theme{"bypass", "bypass", 2, 70, {"unblock-me.example", "free-vpn.test", "mirror-site.example", "doh.example"}},
    Theme{"gambling", "gambling", 2, 70, {"lucky-spins.example", "coin-flip.test", "loot-box.example", "bets.example"}},
    Theme{"violence", "violence", 2, 50, {"fights.example", "gore.test", "street-clips.example", "crash.example"}},
    Theme{"pornography",
          "pornography",
          3,
          42,
          {"adult-one.example", "adult-two.test", "pics-xx.example", "tube-x.example"}},
    Theme{"generative-ai",
          "generative-ai",
          1,
          40,
          {"ask-ai.example", "write-it.test", "draw-ai.example", "bot.example"},
          "warn"},
    Theme{"weapons", "violence", 3, 16, {"blades.example", "air-guns.test", "hunt.example", "tactical.example"}},
    Theme{"drugs", "drugs", 2, 14, {"vapes.example", "vape-shop.test", "herb.example", "pills.example"}},
    Theme{"hate", "discrimination", 3, 10, {"hate-board.example", "us-and-them.test", "board.example", "rant.example"}},
    Theme{"eating-disorders",
          "eating-disorders",
          3,
          8,
          {"thin.example", "no-food.test", "tips.example", "mirror.example"}},
    Theme{"self-harm", "self-harm", 4, 8, {"sad-forum.example", "hurt.test", "scars.example", "alone.example"}},
    Theme{"extremism", "extremism", 4, 5, {"our-cause.example", "join.test", "front.example", "manifesto.example"}},
    Theme{"suicide", "suicide", 5, 3, {"the-end.example", "goodbye.test", "last-note.example", "quiet.example"}},
    Theme{"misinformation",
          "misinformation",
          1,
          4,
          {"flat-news.example", "they-lie.test", "truth.example", "news-x.example"},
          "monitor"},
};

constexpr std::array kLessonSites = {
    LessonSite{"search.example", "search"},      LessonSite{"bitesize.example", ""},
    LessonSite{"maths-frame.example", ""},       LessonSite{"spelling.example", ""},
    LessonSite{"cdn.bitesize.example", ""},      LessonSite{"maps.example", ""},
    LessonSite{"phonics.example", ""},           LessonSite{"office.example", ""},
    LessonSite{"coding-cats.example", ""},       LessonSite{"museum.example", ""},
    LessonSite{"weather.example", ""},           LessonSite{"library.example", ""},
    LessonSite{"news-for-children.example", ""}, LessonSite{"video-lessons.example", ""},
    LessonSite{"nhs-kids.example", "health"},    LessonSite{"childline.example", "support"}};

constexpr std::array kSearches = {"how to get free coins", "unblock games at school", "funny fights", "am i fat",
                                  "best vape flavour",     "talk to strangers"};

const Theme& pick_theme(Random& random) {
  int at = int(random() % 1000);
  for (const Theme& theme : kThemes)
    if ((at -= theme.weight) < 0) return theme;
  return kThemes[0];
}

breaches::Breach attempt(const SchoolPerson& person, const Theme& theme, TimePoint time, Random& random) {
  breaches::Breach breach;
  breach.id = Uuid::v7(time);
  breach.time = time;
  breach.group = person.group;
  if (person.known) breach.person = person.account;
  breach.confidence = person.confidence;
  breach.device = person.device;
  breach.action = theme.action;
  breach.site = theme.hosts[random() % theme.hosts.size()];
  breach.url = "https://" + breach.site + "/p/" + std::to_string(random() % 40);
  if (random() % 12 == 0) breach.search = kSearches[random() % kSearches.size()];
  breach.method = "GET";
  breach.stage = random() % 3 == 0 ? "request" : "connect";
  const auto how = random() % 10;
  breach.initiated = how < 4   ? breaches::Initiated::user
                     : how < 6 ? breaches::Initiated::page
                               : breaches::Initiated::unknown;
  breach.reason.tier = "category";
  breach.reason.list = "ut1-" + std::string(theme.category);
  breach.reason.category = theme.category;
  breach.reason.entry = breach.site;
  breach.reason.source = "lists/" + std::string(theme.category);
  breach.reason.policy_version = "6f1c0d2a";
  breach.reason.theme = theme.theme;
  breach.reason.urgency = theme.urgency;
  return breach;
}

void seal(breaches::Breach& breach) {
  breach.site = "withheld.example";
  breach.url = "https://withheld.example/";
  breach.search.clear();
  breach.reason.illegal = breach.reason.sealed = true;
  breach.reason.tier = "illegal";
  breach.reason.list = "iwf";
  breach.reason.category = breach.reason.theme = "child-abuse";
  breach.reason.urgency = 5;
  breach.action = "block";
}

}  // namespace

std::vector<std::chrono::sys_days> school_days(std::chrono::sys_days until, std::size_t count) {
  std::vector<std::chrono::sys_days> days;
  for (auto day = until; days.size() < count; day -= std::chrono::days(1))
    if (std::chrono::weekday(day).iso_encoding() <= 5) days.push_back(day);
  std::ranges::reverse(days);
  return days;
}

TimePoint lesson_time(std::chrono::sys_days day, Random& random) {
  // 08:45 to 15:15; half of what falls into the breaks is moved into the lesson after.
  auto minute = 525 + std::int64_t(random() % 390);
  if (((minute >= 630 && minute < 650) || (minute >= 720 && minute < 775)) && random() % 2 == 0) minute += 60;
  return TimePoint(day) + std::chrono::minutes(minute) + std::chrono::milliseconds(random() % 60'000);
}

const LessonSite& lesson_site(Random& random) {
  const std::size_t a = random() % kLessonSites.size(), b = random() % kLessonSites.size();
  return kLessonSites[std::min(a, b)];
}

std::vector<breaches::Breach> make_breaches(const std::vector<SchoolPerson>& people,
                                            const std::vector<std::chrono::sys_days>& days, std::size_t count,
                                            Random& random) {
  std::vector<breaches::Breach> all;
  all.reserve(count + 64);
  const auto anybody = [&]() -> const SchoolPerson& {
    // A few try again and again, most hardly ever: the smaller of three draws.
    std::size_t at = random() % people.size();
    for (int i = 0; i < 2; ++i) at = std::min<std::size_t>(at, random() % people.size());
    return people[(at * 7919) % people.size()];
  };
  const auto any_day = [&] { return days[random() % days.size()]; };
  if (count >= 500) {
    for (int device = 0; device < 2; ++device) {
      const SchoolPerson& person = people[random() % people.size()];
      const Theme machine{"malware", "security", 2, 0, {"c0.example", "c1.test", "c2.example", "c3.test"}};
      const TimePoint begin = lesson_time(any_day(), random);
      for (int i = 0; i < 30; ++i) {
        all.push_back(attempt(person, machine, begin + i * 1500ms, random));
        all.back().site = "node" + std::to_string(i) + ".test";
        all.back().url = "http://" + all.back().site + "/";
        all.back().initiated = breaches::Initiated::unknown;
      }
    }
  }
  for (int sealed = 0; sealed < (count >= 500 ? 2 : 1); ++sealed) {
    all.push_back(attempt(anybody(), kThemes[0], lesson_time(any_day(), random), random));
    seal(all.back());
  }
  while (all.size() < count) {
    const SchoolPerson& person = anybody();
    const Theme& theme = pick_theme(random);
    TimePoint time = lesson_time(any_day(), random);
    // One attempt more often than not; a long row now and then.
    const std::size_t burst = random() % 10 < 6 ? 1 + random() % 2 : 2 + random() % 11;
    for (std::size_t i = 0; i < burst && all.size() < count; ++i) {
      all.push_back(attempt(person, theme, time, random));
      time += std::chrono::milliseconds(2'000 + random() % 90'000);
    }
  }
  std::ranges::sort(all, {}, &breaches::Breach::time);
  return all;
}

}  // namespace schoolgate::term
