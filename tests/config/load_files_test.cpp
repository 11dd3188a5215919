// Files of a configuration: where they are looked for, how they are joined, what is said of them.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/config/load.hpp"
#include "tests/config/all_text.hpp"

namespace itnxt {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "itnxt-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  void TearDown() override { fs::remove_all(path_); }

  fs::path write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  // The output with the folder's name taken out.
  [[nodiscard]] std::string output(const Loaded& loaded) const {
    std::string text = all_text(loaded);
    for (std::size_t at = text.find(path_.string()); at != std::string::npos;
         at = text.find(path_.string())) {
      text.erase(at, path_.string().size() + 1);
    }
    return text;
  }
  fs::path path_;
};

TEST_F(Folder, FileThatCannotBeRead) {
  EXPECT_EQ(output(load_config(path_ / "none.yaml", Purpose::check)),
            "none.yaml:1:1: cannot be read: No such file or directory; correct the path\n");
  EXPECT_EQ(all_text(load_config(path_, Purpose::check)),
            path_.string() + ":1:1: cannot be read: it is a directory; name a file\n");
  ASSERT_EQ(mkfifo((path_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(output(load_config(path_ / "fifo", Purpose::check)),
            "fifo:1:1: cannot be read: it is no regular file\n");
  write("big.yaml", std::string(9U << 20U, '#'));
  EXPECT_EQ(output(load_config(path_ / "big.yaml", Purpose::check)),
            "big.yaml:1:1: cannot be read: it is larger than 8MiB\n");
}

TEST_F(Folder, LocalPrefixesAreNetworks) {
  const fs::path right =
      write("right.yaml",
            "collectors: [{kind: pcap, name: p, interface: a, storm_threshold: 0, "
            "local_prefixes: [10.1.0.0/16, \"2001:db8::/32\"]}]\n");
  const Loaded loaded = load_config(right, Purpose::run);
  ASSERT_TRUE(loaded.config) << output(loaded);
  const auto& pcap = std::get<PcapCollectorConfig>(loaded.config->collectors[0]);
  EXPECT_EQ(pcap.storm_threshold, 0U);
  EXPECT_EQ(pcap.local_prefixes,
            (std::vector<Cidr>{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 0, 0}, 112},
                               {{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 32}}));
  const fs::path wrong =
      write("wrong.yaml",
            "collectors: [{kind: pcap, name: p, interface: a, local_prefixes: [10.1.0.1/16]}]\n");
  const Loaded refused = load_config(wrong, Purpose::run);
  EXPECT_FALSE(refused.config);
  EXPECT_NE(output(refused).find("local_prefixes: '10.1.0.1/16' has bits behind its length; "
                                 "expected the network's own address"),
            std::string::npos)
      << output(refused);
}

TEST_F(Folder, PathsStartAtTheFileThatNamesThem) {
  write("sub/more.yaml",
        "collectors: [{kind: pcap, name: p, file: x.pcap}]\ntransport: {spool: {directory: s}}\n");
  const fs::path main = write("main.yaml",
                              "node: a\ninclude: [sub/more.yaml]\naggregator: {state: ./st/../q, "
                              "listen: \"ipc://run/sock\"}\n");
  const Loaded loaded = load_config(main, Purpose::run);
  ASSERT_TRUE(loaded.config) << output(loaded);
  EXPECT_EQ(loaded.config->aggregator.state, (path_ / "q").string());
  EXPECT_EQ(loaded.config->aggregator.listen, "ipc://" + (path_ / "run/sock").string());
  EXPECT_EQ(loaded.config->transport.spool.directory, (path_ / "sub/s").string());
  EXPECT_EQ(std::get<PcapCollectorConfig>(loaded.config->collectors[0]).file,
            (path_ / "sub/x.pcap").string());
}

TEST_F(Folder, IncludedFilesAreMergedInOrder) {
  write("conf.d/b.yaml", "inventory: {sites: [{name: b}]}\ncredentials:\n");
  write("conf.d/a.yaml",
        "inventory:\n  sites: [{name: a}]\n  devices: [{name: d, address: h, site: b}]\n"
        "aggregator: {limits: {series: 7}}\n");
  write("conf.d/c.yaml", "# all commented out\n");
  write("conf.d/.hidden.yaml", "rubbish: 1\n");
  write("conf.d/note.txt", "rubbish: 1\n");
  const fs::path main = write("main.yaml",
                              "include: [conf.d/*.yaml, none.d/*.yaml, conf.d/a.yaml]\n"
                              "inventory: {sites: [{name: main}]}\naggregator: {stale_after: 5}\n");
  const Loaded loaded = load_config(main, Purpose::check);
  EXPECT_EQ(output(loaded), "");
  ASSERT_TRUE(loaded.config);
  std::string names;
  for (const Site& site : loaded.config->inventory.sites) names += site.name.text() + " ";
  EXPECT_EQ(names, "main a b ");
  EXPECT_EQ(loaded.config->aggregator.limits.series, 7U);
  EXPECT_EQ(loaded.config->aggregator.stale_after, 5U);
}

TEST_F(Folder, FolderWithPatternCharacters) {
  write("a[1]/conf.d/x.yaml", "inventory: {sites: [{name: x}]}\n");
  const fs::path main = write("a[1]/main.yaml", "include: [conf.d/*.yaml]\n");
  const Loaded loaded = load_config(main, Purpose::check);
  ASSERT_TRUE(loaded.config) << output(loaded);
  EXPECT_EQ(loaded.config->inventory.sites.size(), 1U);
}

TEST_F(Folder, ProblemsOfSeveralFiles) {
  write("conf.d/a.yaml", "node: other\naggregator: {state: x}\nrules: {a: b}\n");
  write("conf.d/b.yaml", "inventory: {sites: [{name: s}, {name: t, kind: schol}]}\n");
  const fs::path main = write("main.yaml",
                              "include: [conf.d/*.yaml]\nnode: mine\naggregator: {state: y}\n"
                              "rules: []\ninventory: {sites: [{name: s}]}\n");
  EXPECT_EQ(output(load_config(main, Purpose::check)),
            "conf.d/a.yaml:1:1: 'node' is given twice; it stands first at main.yaml:2:1\n"
            "node: other\n^\n"
            "conf.d/a.yaml:2:14: 'state' is given twice; it stands first at main.yaml:3:14\n"
            "aggregator: {state: x}\n             ^\n"
            "conf.d/a.yaml:3:1: 'rules' is a map here, and a list at main.yaml:4:1\n"
            "rules: {a: b}\n^\n"
            "conf.d/b.yaml:1:28: site name 's' is given twice; it stands first at main.yaml:5:28\n"
            "inventory: {sites: [{name: s}, {name: t, kind: schol}]}\n"
            "                           ^\n"
            "conf.d/b.yaml:1:48: kind: unknown 'schol'; did you mean 'school'?\n"
            "inventory: {sites: [{name: s}, {name: t, kind: schol}]}\n"
            "                                               ^\n");
}

TEST_F(Folder, IncludesThatDoNotWork) {
  write("broken.yaml", "node: [\n");
  write("nested.yaml", "include: [broken.yaml]\n");
  write("list.yaml", "- a\n");
  const fs::path main = write(
      "main.yaml",
      "include:\n  - none.yaml\n  - broken.yaml\n  - nested.yaml\n  - list.yaml\n  - m*.yaml\n"
      "  - .\n  - \"\"\n");
  EXPECT_EQ(output(load_config(main, Purpose::check)),
            "main.yaml:2:5: include: 'none.yaml' cannot be read: No such file or directory; "
            "correct the path\n"
            "  - none.yaml\n    ^\n"
            "main.yaml:6:5: include: 'm*.yaml' takes in this very file\n"
            "  - m*.yaml\n    ^\n"
            "main.yaml:7:5: include: '' cannot be read: it is a directory; name a file\n"
            "  - .\n    ^\n"
            "main.yaml:8:5: include: expected a path or a pattern such as conf.d/*.yaml\n"
            "  - \"\"\n    ^\n"
            "broken.yaml:1:7: this bracket is never closed\n"
            "node: [\n      ^\n"
            "nested.yaml:1:1: an included file may not include; name the files in main.yaml\n"
            "include: [broken.yaml]\n^\n"
            "list.yaml:1:1: expected a map with the keys of the configuration, not a list\n"
            "- ***\n^\n");
}

TEST_F(Folder, TooManyIncludedFiles) {
  for (int i = 0; i < 1001; ++i) write("conf.d/" + std::to_string(i) + ".yaml", "");
  const fs::path main = write("main.yaml", "include: [conf.d/*.yaml]\n");
  EXPECT_EQ(output(load_config(main, Purpose::check)),
            "main.yaml:1:11: include: more than 1000 files\n"
            "include: [conf.d/*.yaml]\n          ^\n");
}

TEST_F(Folder, RelativeNamesStayRelative) {
  write("main.yaml", "include: [sub/a.yaml]\n");
  write("sub/a.yaml", "aggregator: {state: q}\nrulez: 1\n");
  const fs::path before = fs::current_path();
  fs::current_path(path_);
  const std::string text = all_text(load_config("main.yaml", Purpose::check));
  fs::current_path(before);
  EXPECT_EQ(text,
            "sub/a.yaml:2:1: unknown key 'rulez' in the configuration; did you mean 'rules'?\n"
            "rulez: 1\n^\n");
}

}  // namespace
}  // namespace itnxt
