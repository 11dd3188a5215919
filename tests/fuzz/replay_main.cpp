// Runs a fuzz target over every file of the folders named on the command line, so that the targets
// build and their corpora pass with any compiler. With --mutants before them: over every file cut
// at each byte, and with each byte replaced by every other value, which covers all tags and
// lengths. libFuzzer replaces this main in the fuzz preset.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

// From memory of exactly its size, so that the sanitizers see the first byte behind it.
std::size_t run(const Input& input, std::size_t size) {
  const auto exact = std::make_unique<std::uint8_t[]>(size);
  std::copy_n(input.begin(), size, exact.get());
  LLVMFuzzerTestOneInput(exact.get(), size);
  return 1;
}

std::size_t run_mutants(Input& input) {
  std::size_t runs = 0;
  for (std::size_t size = 0; size < input.size(); ++size) runs += run(input, size);
  for (std::uint8_t& byte : input) {
    const std::uint8_t original = byte;
    while (++byte != original) runs += run(input, input.size());
  }
  return runs;
}

}  // namespace

int main(int argc, char** argv) {
  const bool mutants = argc > 1 && std::string_view(argv[1]) == "--mutants";
  std::size_t runs = 0;
  for (int i = mutants ? 2 : 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::vector<char> bytes(std::istreambuf_iterator<char>(in), {});
      Input input(bytes.begin(), bytes.end());
      runs += mutants ? run_mutants(input) : run(input, input.size());
    }
  }
  std::printf("%zu inputs replayed\n", runs);
  return runs == 0 ? 1 : 0;
}
