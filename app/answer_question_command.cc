// schoolgate answer-question: not for people. The process in which a running gateway has a question of a member of its
// group answered.
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdio>

#include "app/command.h"
#include "app/group_question.h"
#include "app/group_view.h"
#include "proxy/net/linux/sandbox.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kAnswerQuestionHelp =
    R"(schoolgate answer-question --config DIR --state DIR --in-force VERSION -- QUESTION...

Started by a running gateway, for members of the group schoolgate who ask over its socket.
)";

constexpr std::array kAnswering{&kCheckCommand,         &kExplainCommand,  &kNeedsCommand, &kListsCommand,
                                &kInspectReportCommand, &kBreachesCommand, &kReportCommand};

// Before anything of the question is read: from here on no file can be made or changed and no program started, whatever
// is in it.
Result<void> give_up_writing() {
  store::only_ask();
  std::signal(SIGXFSZ, SIG_IGN);
  constexpr rlim_t kSeconds = 60;
  const rlimit none{.rlim_cur = 0, .rlim_max = 0}, seconds{.rlim_cur = kSeconds, .rlim_max = kSeconds};
  ::setrlimit(RLIMIT_FSIZE, &none);
  ::setrlimit(RLIMIT_CORE, &none);
  ::setrlimit(RLIMIT_CPU, &seconds);
  ::setpriority(PRIO_PROCESS, 0, 15);
  return net::confine(net::Confinement::worker);
}

int answer_question(std::span<const std::string_view> words) {
  if (auto given_up = give_up_writing(); !given_up) return report(given_up.error());
  const auto arguments = Arguments::read(
      words, {.options = {"--config", "--state", "--in-force"}, .switches = {}, .least_words = 1, .most_words = 100});
  if (!arguments) return usage_error(kAnswerQuestionCommand, arguments.error());
  std::vector<std::string_view> question(arguments->words().begin(), arguments->words().end());
  if (auto may = may_be_asked(question); !may) return report(may.error());
  answer_for_group(arguments->get("--state"), arguments->get("--in-force"));
  const std::string folder = arguments->get("--config");
  std::fprintf(stderr,
               "schoolgate: this is the configuration in force (%s), whatever the files in %s say by now; persons, "
               "searches and sealed data are withheld\n",
               arguments->get("--in-force").c_str(), folder.c_str());
  for (const Command* command : kAnswering) {
    if (command->name != question.front()) continue;
    question.insert(
        question.begin() +
            (question.front() == "lists" || question.front() == "breaches" || question.front() == "report" ? 2 : 1),
        {"--config", folder});
    const int status = command->run(std::span<const std::string_view>(question).subspan(1));
    return std::fflush(stdout) == 0 ? status : int(kProblem);
  }
  return report(Error{Fault::self, "no command answers this question", {}});
}

}  // namespace

const Command kAnswerQuestionCommand{"answer-question", "answer a member of the group", kAnswerQuestionHelp,
                                     answer_question};

}  // namespace schoolgate::app
