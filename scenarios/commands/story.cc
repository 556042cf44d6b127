// brokersim story FILE…: tells stories, and compares what they print with what is written.
#include "scenarios/story.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "scenarios/commands/commands.h"
#include "scenarios/files.h"

namespace brokersim::scenarios {
namespace {

constexpr int held = 0;
constexpr int differs = 1;  // From what is written, or from what is to hold.
constexpr int unusable = 2;

// "stories/x.scn:12:7: "
std::string place(const std::string& file, const StoryError& error) {
  if (error.column == 0) return fmt::format("{}:{}: ", file, error.line);
  return fmt::format("{}:{}:{}: ", file, error.line, error.column);
}

int compare(const std::string& file, const std::string& text, const Retold& outcome) {
  if (outcome.rewritten == text) {
    fmt::print("ok     {}\n", file);
    return held;
  }
  fmt::print("{}", diff(text, outcome.rewritten, file, file + " (told now)"));
  fmt::print("differs: read each line; if all are right, brokersim story --rewrite {}\n", file);
  return differs;
}

int rewrite(const std::string& file, const std::string& text, const Retold& outcome) {
  if (outcome.rewritten == text) {
    fmt::print("ok     {}\n", file);
    return held;
  }
  if (const auto written = write_file(file, outcome.rewritten); !written) {
    fmt::print(stderr, "{}\n", written.error());
    return unusable;
  }
  fmt::print("wrote  {}\n", file);
  return held;
}

int tell(const std::string& file, bool rewrites) {
  const auto text = read_file(file);
  if (!text) {
    fmt::print(stderr, "{}\n", text.error());
    return unusable;
  }
  const auto outcome = tell_story(*text);
  if (!outcome) {
    fmt::print("{}", outcome.error().told);
    fmt::print(stderr, "{}{}\n", place(file, outcome.error()), outcome.error().message);
    return outcome.error().does_not_hold ? differs : unusable;
  }
  return rewrites ? rewrite(file, *text, *outcome) : compare(file, *text, *outcome);
}

}  // namespace

void add_story(CLI::App& app, CommandLine& line) {
  auto files = std::make_shared<std::vector<std::string>>();
  auto rewrites = std::make_shared<bool>(false);
  auto* verb = app.add_subcommand("story", "tell stories, and compare what they print");
  verb->add_option("files", *files, "scenarios/stories/**.scn")->required();
  verb->add_flag("--rewrite", *rewrites, "write what is printed now into the files");
  verb->callback([files, rewrites, &line] {
    for (const auto& file : *files) {
      line.exit_status = std::max(line.exit_status, tell(file, *rewrites));
    }
  });
}

}  // namespace brokersim::scenarios
