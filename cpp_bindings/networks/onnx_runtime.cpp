// SPDX-License-Identifier: GPL-3.0-or-later
// The C interface of ONNX Runtime is a table of functions whose first version never changes. Its
// entries are called by their positions, so the build needs neither headers nor library.

#include "onnx_runtime.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "safetensors.h"

namespace mcsurrogate {

namespace {

// Positions in struct OrtApi of onnxruntime_c_api.h, version 1.
enum Entry : std::size_t {
    GetErrorMessage = 2,
    CreateEnv = 3,
    CreateSession = 7,
    Run = 9,
    CreateSessionOptions = 10,
    SetSessionGraphOptimizationLevel = 23,
    SetIntraOpNumThreads = 24,
    SetInterOpNumThreads = 25,
    SessionGetInputCount = 30,
    SessionGetOutputCount = 31,
    SessionGetInputTypeInfo = 33,
    SessionGetOutputTypeInfo = 34,
    SessionGetInputName = 36,
    SessionGetOutputName = 37,
    CreateTensorWithDataAsOrtValue = 49,
    CastTypeInfoToTensorInfo = 55,
    GetTensorElementType = 60,
    GetDimensionsCount = 61,
    GetDimensions = 62,
    CreateCpuMemoryInfo = 69,
    AllocatorFree = 76,
    GetAllocatorWithDefaultOptions = 78,
    ReleaseEnv = 92,
    ReleaseStatus = 93,
    ReleaseMemoryInfo = 94,
    ReleaseSession = 95,
    ReleaseValue = 96,
    ReleaseTypeInfo = 98,
    ReleaseSessionOptions = 100,
};

constexpr std::uint32_t interfaceVersion = 1;
constexpr int errorsOnly = 3;        // OrtLoggingLevel
constexpr int allOptimisations = 99; // GraphOptimizationLevel
constexpr int floatElements = 1;     // ONNXTensorElementDataType
constexpr int deviceAllocator = 0;   // OrtAllocatorType
constexpr int defaultMemory = 0;     // OrtMemType

// What OrtGetApiBase returns.
struct ApiBase {
    void* const* (*table)(std::uint32_t version);
    const char* (*version)();
};

const char* const advice =
    "install it (`pip install onnxruntime` brings it as onnxruntime/capi/libonnxruntime.so.*) and "
    "name the file in MCSurrogate:onnxRuntime";

} // namespace

class OnnxRuntime {
  public:
    explicit OnnxRuntime(void* const* table) : table_(table) {
        call("", CreateEnv, errorsOnly, "mcsurrogate", &environment_);
    }
    ~OnnxRuntime() { release(ReleaseEnv, environment_); }

    OnnxRuntime(const OnnxRuntime&) = delete;
    OnnxRuntime& operator=(const OnnxRuntime&) = delete;

    // Call an entry with arguments of exactly its types; a complaint is thrown.
    template <typename... Arguments>
    void call(const std::string& model, Entry entry, Arguments... arguments) const {
        void* const status = reinterpret_cast<void* (*)(Arguments...)>(table_[entry])(arguments...);
        if (status == nullptr)
            return;
        const std::string what =
            reinterpret_cast<const char* (*)(void*)>(table_[GetErrorMessage])(status);
        release(ReleaseStatus, status);
        throw WeightsError("ONNX model " + model + ": " + what);
    }

    void release(Entry entry, void* object) const {
        if (object != nullptr)
            reinterpret_cast<void (*)(void*)>(table_[entry])(object);
    }

    void* environment() const { return environment_; }

  private:
    void* const* table_;
    void* environment_ = nullptr;
};

namespace {

// An object of the library, released with its owner.
class Handle {
  public:
    Handle(const OnnxRuntime& runtime, Entry release) : runtime_(runtime), release_(release) {}
    ~Handle() { runtime_.release(release_, object); }

    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    void* object = nullptr;

  private:
    const OnnxRuntime& runtime_;
    Entry release_;
};

class OnnxNetwork : public Network {
  public:
    OnnxNetwork(std::shared_ptr<OnnxRuntime> runtime, const std::string& path)
        : runtime_(std::move(runtime)), path_(path) {
        createSession();
        std::size_t size = 0;
        std::tie(inputName_, size) =
            describe("input", SessionGetInputCount, SessionGetInputName, SessionGetInputTypeInfo);
        input_.assign(size, 0.f);
        std::tie(outputName_, size) = describe("output", SessionGetOutputCount,
                                               SessionGetOutputName, SessionGetOutputTypeInfo);
        output_.assign(size, 0.f);
        runtime_->call(path_, CreateCpuMemoryInfo, deviceAllocator, defaultMemory, &memory_.object);
        wrap(input_, inputValue_);
        wrap(output_, outputValue_);
    }

    std::size_t inputs() const override { return input_.size(); }
    std::size_t outputs() const override { return output_.size(); }

    const float* operator()(const float* input) override {
        std::copy(input, input + input_.size(), input_.begin());
        const char* const inputName = inputName_.c_str();
        const char* const outputName = outputName_.c_str();
        void* const noOptions = nullptr;
        runtime_->call(path_, Run, session_.object, noOptions, &inputName, &inputValue_.object,
                       std::size_t{1}, &outputName, std::size_t{1}, &outputValue_.object);
        return output_.data();
    }

  private:
    void createSession() {
        Handle options(*runtime_, ReleaseSessionOptions);
        runtime_->call(path_, CreateSessionOptions, &options.object);
        // One thread: Pythia makes one event at a time, and PythiaParallel has its own threads.
        runtime_->call(path_, SetIntraOpNumThreads, options.object, 1);
        runtime_->call(path_, SetInterOpNumThreads, options.object, 1);
        runtime_->call(path_, SetSessionGraphOptimizationLevel, options.object, allOptimisations);
        runtime_->call(path_, CreateSession, runtime_->environment(), path_.c_str(), options.object,
                       &session_.object);
    }

    // Name and number of floats of the only input or output.
    std::pair<std::string, std::size_t> describe(const std::string& what, Entry getCount,
                                                 Entry getName, Entry getType) const {
        std::size_t count = 0;
        runtime_->call(path_, getCount, session_.object, &count);
        if (count != 1)
            throw WeightsError("ONNX model " + path_ + " has " + std::to_string(count) + " " +
                               what + "s, expected one");
        void* allocator = nullptr; // belongs to the library
        runtime_->call(path_, GetAllocatorWithDefaultOptions, &allocator);
        char* text = nullptr;
        runtime_->call(path_, getName, session_.object, std::size_t{0}, allocator, &text);
        const std::string name = text;
        runtime_->call(path_, AllocatorFree, allocator, text);
        Handle type(*runtime_, ReleaseTypeInfo);
        runtime_->call(path_, getType, session_.object, std::size_t{0}, &type.object);
        return {name, width(type.object, what + " \"" + name + "\"")};
    }

    std::size_t width(void* type, const std::string& what) const {
        void* tensor = nullptr; // belongs to the type
        runtime_->call(path_, CastTypeInfoToTensorInfo, type, &tensor);
        int elements = 0;
        std::size_t rank = 0;
        std::vector<std::int64_t> shape;
        if (tensor != nullptr) {
            runtime_->call(path_, GetTensorElementType, tensor, &elements);
            runtime_->call(path_, GetDimensionsCount, tensor, &rank);
            shape.resize(rank);
            runtime_->call(path_, GetDimensions, tensor, shape.data(), rank);
        }
        // A negative dimension is free.
        if (elements != floatElements || rank != 2 || shape[0] == 0 || shape[0] > 1 || shape[1] < 1)
            throw WeightsError("ONNX model " + path_ + ": " + what +
                               " is no tensor of 32-bit floats of shape (1, n) or (batch, n)");
        return static_cast<std::size_t>(shape[1]);
    }

    // A value of the library that looks at a buffer of ours.
    void wrap(std::vector<float>& buffer, Handle& value) {
        const std::int64_t shape[2] = {1, static_cast<std::int64_t>(buffer.size())};
        void* const data = buffer.data();
        const std::int64_t* const dimensions = shape;
        runtime_->call(path_, CreateTensorWithDataAsOrtValue, memory_.object, data,
                       buffer.size() * sizeof(float), dimensions, std::size_t{2}, floatElements,
                       &value.object);
    }

    std::shared_ptr<OnnxRuntime> runtime_;
    std::string path_;
    Handle session_{*runtime_, ReleaseSession};
    Handle memory_{*runtime_, ReleaseMemoryInfo};
    std::string inputName_;
    std::string outputName_;
    std::vector<float> input_;
    std::vector<float> output_;
    Handle inputValue_{*runtime_, ReleaseValue};
    Handle outputValue_{*runtime_, ReleaseValue};
};

void* openLibrary(const std::string& library) {
    const std::vector<std::string> names =
        library.empty() ? std::vector<std::string>{"libonnxruntime.so.1", "libonnxruntime.so"}
                        : std::vector<std::string>{library};
    std::string reason;
    for (const std::string& name : names) {
        if (void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL))
            return handle;
        reason = dlerror();
    }
    throw WeightsError("ONNX Runtime cannot be loaded (" + reason + "); " + advice);
}

} // namespace

std::shared_ptr<OnnxRuntime> loadOnnxRuntime(const std::string& library) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<OnnxRuntime>> loaded;
    const std::lock_guard<std::mutex> guard(mutex);
    if (std::shared_ptr<OnnxRuntime> known = loaded[library].lock())
        return known;
    // Never closed again: the library does not survive that.
    void* const handle = openLibrary(library);
    void* const symbol = dlsym(handle, "OrtGetApiBase");
    if (symbol == nullptr)
        throw WeightsError(library + " is no ONNX Runtime: it has no OrtGetApiBase; " + advice);
    const ApiBase* const base = reinterpret_cast<const ApiBase* (*)()>(symbol)();
    void* const* const table = base->table(interfaceVersion);
    if (table == nullptr)
        throw WeightsError("ONNX Runtime " + std::string(base->version()) +
                           " does not have version 1 of its C interface; " + advice);
    auto runtime = std::make_shared<OnnxRuntime>(table);
    loaded[library] = runtime;
    return runtime;
}

std::unique_ptr<Network> openOnnxNetwork(std::shared_ptr<OnnxRuntime> runtime,
                                         const std::string& path) {
    return std::make_unique<OnnxNetwork>(std::move(runtime), path);
}

} // namespace mcsurrogate
