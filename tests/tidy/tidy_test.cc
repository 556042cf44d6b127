// The tree polices itself: layers, banned calls (each with its replacement), sizes, openings,
// lists. What STYLE.md says and a machine can check is checked here.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <re2/re2.h>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

struct SourceFile {
  std::string path;  // From the project's root, with '/'.
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<SourceFile> files_with(const std::set<std::string>& extensions) {
  std::vector<SourceFile> files;
  const fs::path root = BROKERSIM_SOURCE_DIR;
  for (const auto* folder :
       {"core", "sim", "scenarios", "properties", "reports", "tests", "docs"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file()) continue;
      if (!extensions.contains(entry.path().extension().string())) continue;
      files.push_back({fs::relative(entry.path(), root).generic_string(), lines_of(entry.path())});
    }
  }
  return files;
}

const std::vector<SourceFile>& sources() {
  static const auto files = files_with({".h", ".cc"});
  return files;
}

bool is_under(const std::string& path, std::string_view folder) {
  return path.starts_with(std::string(folder) + "/");
}

// Without comments and string literals, so that prose may speak of what code may not call.
std::string code_of(const std::string& line) {
  std::string code;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line.compare(i, 2, "//") == 0) break;
    if (line[i] != '"') {
      code += line[i];
      continue;
    }
    for (++i; i < line.size() && line[i] != '"'; ++i) i += line[i] == '\\';
    code += "\"\"";
  }
  return code;
}

// ---- Layers ------------------------------------------------------------------------------------

// The room a file is in, and the rooms it may include beside its own.
const std::map<std::string, std::set<std::string>>& layers() {
  static const std::map<std::string, std::set<std::string>> allowed = [] {
    std::map<std::string, std::set<std::string>> a;
    const std::set<std::string> ground = {"core/base", "core"};
    const auto on = [](std::set<std::string> below, std::initializer_list<const char*> more) {
      below.insert(more.begin(), more.end());
      return below;
    };
    a["core/base"] = {};
    a["core"] = {"core/base"};
    a["core/wire"] = ground;
    a["core/api"] = on(ground, {"core/wire"});
    const auto api = on(ground, {"core/wire", "core/api"});
    a["core/log"] = api;
    a["core/raft"] = api;
    a["core/fetch"] = api;
    a["core/client"] = on(api, {"core/fetch"});
    a["core/coordination"] = api;
    a["core/group"] = on(api, {"core/coordination"});
    a["core/transaction"] = a["core/group"];
    a["core/partition"] = on(api, {"core/log"});
    a["core/controller"] = on(api, {"core/log", "core/raft"});
    a["core/broker"] =
        on(api, {"core/log", "core/raft", "core/fetch", "core/partition", "core/controller",
                 "core/coordination", "core/group", "core/transaction"});
    a["sim"] = on(a["core/broker"], {"core/broker", "core/client"});
    a["sim/live"] = on(a["sim"], {"sim"});
    a["properties"] = on(ground, {"core/wire"});
    a["reports"] = on(ground, {"core/wire", "properties"});
    a["scenarios"] = on(a["sim"], {"sim", "sim/live", "properties", "reports"});
    return a;
  }();
  return allowed;
}

std::string room_of(const std::string& path) {
  std::string best;
  for (const auto& [room, below] : layers()) {
    if (is_under(path, room) && room.size() > best.size()) best = room;
  }
  return best;
}

TEST(Tidy, each_room_includes_only_rooms_below_it) {
  const RE2 include(R"re(^#include "([^"]+)")re");
  for (const auto& file : sources()) {
    const auto room = room_of(file.path);
    if (room.empty()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::string included;
      if (!RE2::PartialMatch(file.lines[i], include, &included)) continue;
      const auto target = room_of(included);
      EXPECT_TRUE(target == room || layers().at(room).contains(target))
          << file.path << ":" << i + 1 << ": " << room << " may not include " << included;
    }
  }
}

// ---- Banned calls ------------------------------------------------------------------------------

struct Ban {
  RE2 pattern;
  std::string instead;
  std::vector<std::string> where;   // Folders it holds in.
  std::vector<std::string> except;  // Files and folders that implement the replacement.
};

std::span<const Ban> all_bans() {
  static const std::vector<std::string> deterministic = {"core", "sim", "properties", "scenarios"};
  static const Ban bans[] = {
      {R"(\b(system_clock|steady_clock|high_resolution_clock|clock_gettime)\b)",
       "Host::now() or Host::wall_clock()",
       {"core", "sim", "properties"},
       {"sim/live"}},
      {R"((^|[^:\w.>])(time|gettimeofday|localtime|gmtime)\()",
       "Host::now() or Host::wall_clock()",
       {"core", "sim", "properties"},
       {"sim/live"}},
      {R"(\b(rand|srand|random_device|mt19937|mt19937_64|default_random_engine)\b)",
       "Host::random() or sim::draw()",
       deterministic,
       {}},
      {R"(std::(\w+_distribution|shuffle|sample)\b)",
       "sim::uniform() on a keyed draw: the standard's are implementation-defined",
       deterministic,
       {}},
      {R"(std::(thread([^:]|$|::[^h])|(jthread|mutex|atomic|condition_variable|async)\b))",
       "a fiber and core/signal.h: there is one thread",
       deterministic,
       {"sim/live/jobs.h", "sim/live/jobs.cc", "sim/live/lookups.cc", "sim/live/reactor.cc"}},
      {R"(\bthread_local\b)", "a member: several nodes share the thread", deterministic, {}},
      {R"(\bunordered_(map|set|multimap|multiset)\b|std::hash\b)",
       "std::map or a sorted vector: iteration must not depend on hashes",
       deterministic,
       {}},
      {R"(std::(map|set)<[^,<>]*\*)", "an id as the key: addresses vary by run", deterministic, {}},
      {R"(catch\s*\(\s*\.\.\.\s*\))",
       "Expected: a stray catch swallows what unwinds a fiber",
       {"core", "sim"},
       {"sim/fiber.cc"}},
      {R"(\bthrow\b|\btry\b)", "Expected<T, E>: core has no exceptions", {"core"}, {}},
      {R"(\bgetenv\b)",
       "an argument: nothing reads the environment",
       {"core", "sim", "properties"},
       {}},
      {R"(\b(float|double)\b)",
       "integers: no floating point decides anything",
       {"core/log", "core/raft", "core/partition", "core/controller", "core/broker", "core/client"},
       {}},
      {R"(#include <(boost/|ucontext|setjmp))",
       "sim/fiber.h",
       deterministic,
       {"sim/fiber.cc", "sim/fiber.h"}},
      {R"(#include <(sys/socket|netinet|unistd|fcntl|fstream|filesystem|thread|chrono))",
       "core/env.h (for chrono: core/base/time.h)",
       {"core"},
       {"core/base/time.h"}},
      {R"(\bassert\()", "ASSERT: it is on in every build", deterministic, {}},
  };
  return bans;
}

TEST(Tidy, nothing_banned_is_used_where_it_is_banned) {
  for (const auto& file : sources()) {
    std::vector<const Ban*> bans;
    for (const auto& ban : all_bans()) {
      const auto is_here = [&](const std::string& folder) { return is_under(file.path, folder); };
      if (std::none_of(ban.where.begin(), ban.where.end(), is_here)) continue;
      const auto is_excepted = [&](const auto& place) {
        return file.path == place || is_under(file.path, place);
      };
      if (std::any_of(ban.except.begin(), ban.except.end(), is_excepted)) continue;
      bans.push_back(&ban);
    }
    if (bans.empty()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto code = code_of(file.lines[i]);
      if (code.empty()) continue;
      for (const auto* ban : bans) {
        EXPECT_FALSE(RE2::PartialMatch(code, ban->pattern))
            << file.path << ":" << i + 1 << ": " << file.lines[i] << "\n  use " << ban->instead;
      }
    }
  }
}

// ---- Shape -------------------------------------------------------------------------------------

std::size_t width(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

TEST(Tidy, files_and_lines_stay_short_enough_to_read) {
  for (const auto& file : sources()) {
    EXPECT_LE(file.lines.size(), 800u) << file.path << ": part its two subjects";
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (is_under(file.path, "tests") && file.lines[i].find("\"") != std::string::npos) continue;
      EXPECT_LE(width(file.lines[i]), 100u) << file.path << ":" << i + 1;
    }
  }
}

// A function body begins on a line that ends in "{" at indentation 0 or 2 outside a class head, and
// ends at the same indentation: formatted code makes that reliable. The rows of a table count for
// nothing: a switch that only names enumerators is read like one.
TEST(Tidy, functions_are_at_most_seventy_lines) {
  const RE2 opens(R"(( {0,2})[^\s#/}].*\).*\{)");
  const RE2 is_other(R"(\b(class|struct|enum|union|namespace)\b[^()]*\{$|\]\()");
  const RE2 is_row(R"( +case [\w:]+: return [^;]+;)");
  for (const auto& file : sources()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto& line = file.lines[i];
      std::string end;
      if (!RE2::FullMatch(line, opens, &end) || RE2::PartialMatch(line, is_other)) continue;
      end += "}";
      std::size_t length = 1;
      for (auto last = i + 1; last < file.lines.size(); ++last) {
        if (file.lines[last].starts_with(end)) break;
        if (!RE2::FullMatch(file.lines[last], is_row)) ++length;
      }
      EXPECT_LE(length, 71u) << file.path << ":" << i + 1 << ": " << line;
    }
  }
}

TEST(Tidy, each_file_opens_with_what_it_is) {
  for (const auto& file : sources()) {
    if (file.path.ends_with(".cc") && !is_under(file.path, "tests") &&
        fs::exists(fs::path(BROKERSIM_SOURCE_DIR) /
                   (file.path.substr(0, file.path.size() - 3) + ".h"))) {
      continue;  // Its header says so.
    }
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(file.lines[0].starts_with("// ") && file.lines[0].size() > 20)
        << file.path << ": open with a line saying what the file is";
  }
}

TEST(Tidy, headers_are_included_once_and_from_the_root) {
  for (const auto& file : sources()) {
    if (!file.path.ends_with(".h")) continue;
    EXPECT_TRUE(std::find(file.lines.begin(), file.lines.end(), "#pragma once") != file.lines.end())
        << file.path << ": #pragma once";
  }
}

TEST(Tidy, unfinished_work_is_typed) {
  const RE2 todo(R"(\b(TODO|FIXME|XXX|HACK)\b)");
  const RE2 typed(R"(TODO\((soon|perf|protocol|test)\): )");
  for (const auto& file : sources()) {
    if (file.path == "tests/tidy/tidy_test.cc") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (!RE2::PartialMatch(file.lines[i], todo)) continue;
      EXPECT_TRUE(RE2::PartialMatch(file.lines[i], typed))
          << file.path << ":" << i + 1 << ": TODO(soon|perf|protocol|test): what";
    }
  }
}

// ---- Lists -------------------------------------------------------------------------------------

std::string text_of(std::string_view path) {
  std::stringstream text;
  text << std::ifstream(fs::path(BROKERSIM_SOURCE_DIR) / path).rdbuf();
  return text.str();
}

// The first group of each match of `pattern`.
std::set<std::string> words_of(std::string_view text, const RE2& pattern) {
  std::set<std::string> words;
  re2::StringPiece left(text.data(), text.size());
  for (std::string word; RE2::FindAndConsume(&left, pattern, &word);) words.insert(word);
  return words;
}

std::set<std::string> words_in(std::string_view path, const RE2& pattern) {
  return words_of(text_of(path), pattern);
}

void expect_rows(std::string_view document, const std::set<std::string>& words) {
  const auto text = text_of(document);
  EXPECT_FALSE(words.empty());
  for (const auto& word : words) {
    const bool has_row = text.find("\n| " + word + " |") != std::string::npos ||
                         text.find("\n| `" + word + "` |") != std::string::npos;
    EXPECT_TRUE(has_row) << document << " has no row for " << word;
  }
}

TEST(Tidy, every_api_is_in_the_list_of_all) {
  const auto listed = words_in("core/api/all.h", R"re(#include "([^"]+)")re");
  for (const auto& file : sources()) {
    if (!is_under(file.path, "core/api") || !file.path.ends_with(".h")) continue;
    const bool is_api = std::any_of(file.lines.begin(), file.lines.end(), [](const auto& line) {
      return line.find(" MESSAGE(") != std::string::npos &&
             line.find(".key =") != std::string::npos;
    });
    EXPECT_TRUE(!is_api || listed.contains(file.path)) << "core/api/all.h lacks " << file.path;
  }
}

TEST(Tidy, every_property_is_listed_and_documented) {
  const auto listed = words_in("properties/all.h", R"((BS-[A-Z]\d\d))");
  const auto made = words_in("properties/all.cc", R"(all\.push_back\((\w+)\()");
  EXPECT_EQ(made, words_in("properties/all.h", R"(std::unique_ptr<Property> (\w+)\()"));
  EXPECT_EQ(made.size(), listed.size());
  for (const auto& file : sources()) {
    if (!is_under(file.path, "properties") || !file.path.ends_with(".cc")) continue;
    for (const auto& id : words_in(file.path, R"re(id\(\) const override \{ return "([^"]+)")re")) {
      EXPECT_TRUE(listed.contains(id)) << "properties/all.h lacks " << id << " of " << file.path;
    }
  }
  expect_rows("docs/properties.md", listed);
}

TEST(Tidy, every_fault_is_documented) {
  expect_rows("docs/faults.md", words_in("sim/fault_kinds.cc", R"re(\{\.name = "(\w+)")re"));
}

TEST(Tidy, every_scenario_and_bug_is_documented) {
  std::set<std::string> names;
  const auto catalogue = fs::path(BROKERSIM_SOURCE_DIR) / "scenarios/catalogue";
  for (const auto& entry : fs::directory_iterator(catalogue)) {
    if (entry.path().extension() == ".toml") names.insert(entry.path().stem().string());
  }
  expect_rows("docs/scenarios.md", names);
  expect_rows("docs/historical-bugs.md",
              words_in("scenarios/bugs.cc", R"re(\.name = "([^"]+)")re"));
}

// The fields of core/base/rules.h that are no structs of rules themselves.
std::set<std::string> all_rules() {
  return words_in("core/base/rules.h", R"(\n +(?:bool|[A-Z]\w+) (\w+) = )");
}

TEST(Tidy, every_rule_is_switched_by_a_bug_with_a_name) {
  EXPECT_EQ(all_rules(), words_in("scenarios/bugs.cc", R"(\.(\w+) =\s+\w+(?:::\w+)*;)"));
}

// "Suite", and "Suite.what_it_shows".
std::set<std::string> all_tests() {
  const RE2 opens(R"(^(?:TEST|TEST_F|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\((\w+),\s*(\w+))");
  std::set<std::string> tests;
  for (const auto& file : sources()) {
    if (!is_under(file.path, "tests")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (!file.lines[i].starts_with("TEST") && !file.lines[i].starts_with("RC_GTEST")) continue;
      const auto text = file.lines[i] + (i + 1 < file.lines.size() ? file.lines[i + 1] : "");
      std::string suite;
      std::string name;
      if (!RE2::PartialMatch(text, opens, &suite, &name)) continue;
      tests.insert(suite);
      tests.insert(suite + "." + name);
    }
  }
  return tests;
}

TEST(Tidy, tests_and_files_that_documents_name_are_there) {
  const auto tests = all_tests();
  for (const auto* document :
       {"docs/historical-bugs.md", "docs/properties.md", "docs/protocol-coverage.md"}) {
    for (const auto& test : words_in(document, R"(`([A-Z]\w*\.[a-z]\w*)`)")) {
      EXPECT_TRUE(tests.contains(test)) << document << " names the test " << test;
    }
    const RE2 in_a_folder = R"(`((?:core|sim|properties|scenarios|reports|tests|docs)/[\w./-]+)`)";
    for (const auto& path : words_in(document, in_a_folder)) {
      EXPECT_TRUE(fs::exists(fs::path(BROKERSIM_SOURCE_DIR) / path)) << document << ": " << path;
    }
  }
}

// The cells of a row of a table, without those before its first bar and behind its last one.
std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  for (auto begin = row.find('|'); begin != std::string::npos;) {
    const auto end = row.find('|', begin + 1);
    if (end != std::string::npos) cells.push_back(row.substr(begin + 1, end - begin - 1));
    begin = end;
  }
  return cells;
}

TEST(Tidy, the_coverage_of_the_protocol_names_suites_and_switches_that_there_are) {
  const auto tests = all_tests();
  auto switches = words_in("scenarios/bugs.cc", R"re(\.name = "([^"]+)")re");
  switches.merge(all_rules());
  const RE2 suite(R"(`([A-Z]\w+)`)");
  const RE2 word(R"(([\w-]+))");
  for (const auto& line : lines_of(fs::path(BROKERSIM_SOURCE_DIR) / "docs/protocol-coverage.md")) {
    if (!line.starts_with("| ") || line.starts_with("| rule |")) continue;
    const auto cells = cells_of(line);
    ASSERT_EQ(cells.size(), 4u) << line;
    for (const auto& name : words_of(cells[2], suite)) EXPECT_TRUE(tests.contains(name)) << line;
    for (const auto& name : words_of(cells[3], word)) EXPECT_TRUE(switches.contains(name)) << line;
  }
}

TEST(Tidy, the_run_in_the_readme_is_the_one_that_is_made_today) {
  EXPECT_EQ(words_in("README.md", R"(\ntrace +([0-9a-f]{32})\n)"),
            words_in("tests/golden/hashes", R"(leader-failover 0 ([0-9a-f]{32})\n)"));
}

TEST(Tidy, links_between_documents_lead_somewhere) {
  auto documents = files_with({".md"});
  for (const auto* name : {"README.md", "ARCHITECTURE.md", "STYLE.md"})
    documents.push_back({name, {}});
  for (const auto& file : documents) {
    const auto folder = (fs::path(BROKERSIM_SOURCE_DIR) / file.path).parent_path();
    for (const auto& link : words_in(file.path, R"(\]\(([^)#:]+)[)#])")) {
      EXPECT_TRUE(fs::exists(folder / link)) << file.path << " links to " << link;
    }
  }
}

TEST(Tidy, markdown_has_one_title) {
  auto documents = files_with({".md"});
  for (const auto* name : {"README.md", "ARCHITECTURE.md", "STYLE.md", "CHANGELOG.md"}) {
    const auto path = fs::path(BROKERSIM_SOURCE_DIR) / name;
    ASSERT_TRUE(fs::exists(path)) << name;
    documents.push_back({name, lines_of(path)});
  }
  for (const auto& file : documents) {
    int titles = 0;
    bool in_code = false;
    for (const auto& line : file.lines) {
      if (line.starts_with("```")) in_code = !in_code;
      titles += !in_code && line.starts_with("# ");
    }
    EXPECT_EQ(titles, 1) << file.path;
  }
}

TEST(Tidy, no_large_blob_is_committed) {
  const fs::path root = BROKERSIM_SOURCE_DIR;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto path = fs::relative(entry.path(), root).generic_string();
    if (path.starts_with(".git/") || path.starts_with("build") || path.starts_with("out/"))
      continue;
    if (!entry.is_regular_file()) continue;
    EXPECT_LE(entry.file_size(), 256u * 1024) << path;
  }
}

}  // namespace
