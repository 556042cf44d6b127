#include "scenarios/transcript.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

constexpr std::string_view dashes = "----";

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

bool is_indented(const std::string& line) { return line.starts_with(' '); }

// ---- One line ----------------------------------------------------------------------------------

// Takes a step's line apart. Columns count characters, as an editor does, not bytes.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : line_(line) {}

  Expected<Step, StepError> parse() {
    Step step;
    step.verb = next_text(" ");
    for (skip_spaces(); at_ < line_.size(); skip_spaces()) {
      TRY(Argument argument, next_argument());
      step.arguments.push_back(std::move(argument));
    }
    return step;
  }

 private:
  std::size_t column() const {
    return 1 + static_cast<std::size_t>(std::count_if(
                   line_.begin(), line_.begin() + static_cast<std::ptrdiff_t>(at_),
                   [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
  }
  bool is_at(char c) const { return at_ < line_.size() && line_[at_] == c; }
  void skip_spaces() {
    while (is_at(' ')) ++at_;
  }
  // Up to the first of `ends`.
  Word next_text(std::string_view ends) {
    const auto begin = at_;
    Word word{{}, column()};
    at_ = std::min(line_.find_first_of(ends, at_), line_.size());
    word.text = line_.substr(begin, at_ - begin);
    return word;
  }

  Expected<Argument, StepError> next_argument() {
    Argument argument;
    argument.column = column();
    if (!is_at('(')) {
      const Word word = next_text(" =");
      if (!is_at('=')) {
        argument.values.push_back(word);
        return argument;
      }
      ++at_;
      argument.key = word.text;
      if (word.text.empty()) return Unexpected(StepError{word.column, "no key before '='"});
    }
    if (is_at('(')) {
      TRY(argument.values, next_list());
    } else {
      argument.values.push_back(next_text(" "));
    }
    return argument;
  }

  Expected<std::vector<Word>, StepError> next_list() {
    const auto begin = column();
    std::vector<Word> values;
    ++at_;
    while (true) {
      skip_spaces();
      const Word word = next_text(" ,)");
      if (word.text.empty()) return Unexpected(StepError{word.column, "an empty entry of a list"});
      values.push_back(word);
      skip_spaces();
      if (at_ >= line_.size()) return Unexpected(StepError{begin, "a list that is not closed"});
      const bool ends = is_at(')');
      if (!ends && !is_at(',')) return Unexpected(StepError{column(), "no comma between entries"});
      ++at_;
      if (ends) return values;
    }
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

// ---- The file ----------------------------------------------------------------------------------

struct Parsed {
  // Lines that are kept, and in their places the steps (by index) whose output follows.
  struct Piece {
    Lines lines;
    std::optional<std::size_t> step;
  };
  std::vector<Piece> pieces;
  std::vector<Step> steps;
};

Expected<Parsed, StoryError> parse(const Lines& lines) {
  Parsed parsed;
  Parsed::Piece piece;
  for (std::size_t i = 0; i < lines.size();) {
    const auto number = i + 1;
    const std::string& line = lines[i++];
    piece.lines.push_back(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (line == dashes || is_indented(line)) {
      return Unexpected(StoryError{number, 1, "this belongs to no step"});
    }
    auto step = LineParser(line).parse();
    if (!step) {
      return Unexpected(StoryError{number, step.error().column, step.error().message});
    }
    step->line = number;
    for (; i < lines.size() && is_indented(lines[i]); ++i) {
      piece.lines.push_back(lines[i]);
      step->input.push_back(lines[i].substr(lines[i].find_first_not_of(' ')));
    }
    if (i < lines.size() && lines[i] == dashes) {
      for (++i; i < lines.size() && !lines[i].empty(); ++i) step->expected.push_back(lines[i]);
    }
    piece.step = parsed.steps.size();
    parsed.steps.push_back(*std::move(step));
    parsed.pieces.push_back(std::exchange(piece, {}));
  }
  parsed.pieces.push_back(std::move(piece));
  return parsed;
}

void append(std::string& text, const Lines& lines) {
  for (const auto& line : lines) (text += line) += '\n';
}

}  // namespace

const Argument* Step::find(std::string_view key) const {
  for (const auto& argument : arguments) {
    if (argument.key == key) return &argument;
  }
  return nullptr;
}

std::vector<const Argument*> Step::words() const {
  std::vector<const Argument*> words;
  for (const auto& argument : arguments) {
    if (argument.key.empty()) words.push_back(&argument);
  }
  return words;
}

Expected<Retold, StoryError> run_transcript(std::string_view text, const RunStep& run) {
  TRY(const Parsed parsed, parse(lines_of(text)));
  Retold outcome;
  bool must_part = false;  // Output above has to be ended by an empty line.
  for (const auto& piece : parsed.pieces) {
    const bool is_parted = piece.lines.empty() || piece.lines.front().empty();
    if (must_part && !is_parted) outcome.rewritten += '\n';
    append(outcome.rewritten, piece.lines);
    if (!piece.step) continue;
    const Step& step = parsed.steps[*piece.step];
    const auto printed = run(step);
    if (!printed) {
      const auto& error = printed.error();
      return Unexpected(StoryError{step.line, error.column, error.message, outcome.rewritten,
                                   error.does_not_hold});
    }
    const Lines lines = lines_of(*printed);
    must_part = !lines.empty();
    if (must_part) append(outcome.rewritten, {std::string(dashes)});
    append(outcome.rewritten, lines);
    if (lines != step.expected) outcome.mismatches.push_back({step, lines});
  }
  return outcome;
}

// ---- Differences -------------------------------------------------------------------------------

namespace {

struct Edit {
  char how = ' ';  // ' ', '-', '+'
  std::string line;
};

// The shortest edit script by the longest common subsequence: stories are short.
std::vector<Edit> edits_of(const Lines& a, const Lines& b) {
  std::vector<std::vector<std::size_t>> common(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i][j] =
          a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<Edit> edits;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      edits.push_back({' ', a[i++]});
      ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      edits.push_back({'-', a[i++]});
    } else {
      edits.push_back({'+', b[j++]});
    }
  }
  return edits;
}

}  // namespace

std::string diff(std::string_view before, std::string_view after, std::string_view name_before,
                 std::string_view name_after) {
  constexpr std::size_t context = 3;
  if (before == after) return {};
  const auto edits = edits_of(lines_of(before), lines_of(after));
  std::string text = fmt::format("--- {}\n+++ {}\n", name_before, name_after);
  std::size_t line_before = 1;
  std::size_t line_after = 1;
  const auto changes_within = [&](std::size_t from, std::size_t count) {
    const auto end = std::min(edits.size(), from + count);
    for (auto i = from; i < end; ++i) {
      if (edits[i].how != ' ') return true;
    }
    return false;
  };
  for (std::size_t i = 0; i < edits.size();) {
    if (!changes_within(i, context + 1)) {
      ++i, ++line_before, ++line_after;
      continue;
    }
    std::string hunk;
    std::size_t removed = 0;
    std::size_t added = 0;
    std::size_t quiet = 0;  // Equal lines in a row.
    for (; i < edits.size() && (quiet < context || changes_within(i, context + 1)); ++i) {
      quiet = edits[i].how == ' ' ? quiet + 1 : 0;
      removed += edits[i].how != '+';
      added += edits[i].how != '-';
      hunk += fmt::format("{}{}\n", edits[i].how, edits[i].line);
    }
    text += fmt::format("@@ -{},{} +{},{} @@\n{}", line_before, removed, line_after, added, hunk);
    line_before += removed;
    line_after += added;
  }
  return text;
}

}  // namespace brokersim::scenarios
