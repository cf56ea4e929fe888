// The gRPC C++ peer: GetMe of the same contract over a unix socket, callback API on both sides. The
// answer is made from memory, so that only the RPC itself is compared.
//
//     grpc_peer server unix:/tmp/x.sock 127.0.0.1:9000
//     grpc_peer client unix:/tmp/x.sock IN-FLIGHT SECONDS [CALLS-PER-SECOND]
//         prints: calls seconds p50_us p99_us cpu_us
//
// With a pace, a call's time begins when it is due, and IN-FLIGHT is the most.
#include <grpcpp/grpcpp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "socializer/v1/user.grpc.pb.h"

using Clock = std::chrono::steady_clock;
namespace soc = socializer::v1;

class Service final : public soc::UserService::CallbackService
{
        grpc::ServerUnaryReactor *GetMe(grpc::CallbackServerContext *context,
                                        const soc::GetMeRequest *, soc::GetMeResponse *response) override
        {
                soc::User *user = response->mutable_user();
                user->set_id(2);
                user->set_username("human");
                user->set_email("human@example.org");
                user->set_is_active(true);
                user->set_role(soc::ROLE_USER);
                user->set_temperature(0.7);
                user->mutable_created_at()->set_seconds(1795428000);
                auto *reactor = context->DefaultReactor();
                reactor->Finish(grpc::Status::OK);
                return reactor;
        }
};

static int serve(char **addresses)
{
        Service service;
        grpc::ServerBuilder builder;
        for (; *addresses; addresses++)
                builder.AddListeningPort(*addresses, grpc::InsecureServerCredentials());
        builder.RegisterService(&service);
        builder.BuildAndStart()->Wait();
        return 0;
}

struct Load {
        std::unique_ptr<soc::UserService::Stub> stub;
        Clock::time_point end;
        std::mutex mutex;
        std::condition_variable idle; // running or free has changed
        int running = 0;
        std::vector<struct Call *> free; // with a pace only
        bool paced = false;
        std::vector<float> latencies_us;
};

struct Call {
        Load *load;
        std::unique_ptr<grpc::ClientContext> context;
        soc::GetMeRequest request;
        soc::GetMeResponse response;
        Clock::time_point start;

        void go(Clock::time_point at)
        {
                context = std::make_unique<grpc::ClientContext>();
                context->AddMetadata("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl");
                response.Clear();
                start = at;
                load->stub->async()->GetMe(context.get(), &request, &response,
                                           [this](grpc::Status status) { done(status); });
        }

        void done(const grpc::Status &status)
        {
                auto now = Clock::now();
                bool more = !load->paced && status.ok() && now < load->end;
                {
                        std::lock_guard<std::mutex> lock(load->mutex);
                        load->latencies_us.push_back(
                                std::chrono::duration<float, std::micro>(now - start).count());
                        if (!more) {
                                load->running--;
                                load->free.push_back(this);
                                load->idle.notify_one();
                        }
                }
                if (more)
                        go(now);
        }
};

static double cpu_us()
{
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void keep_in_flight(Load &load, std::vector<Call> &calls)
{
        load.running = static_cast<int>(calls.size());
        for (auto &call : calls)
                call.go(Clock::now());
}

static void keep_pace(Load &load, std::vector<Call> &calls, Clock::time_point begin, long rate)
{
        prctl(PR_SET_TIMERSLACK, 1);
        load.paced = true;
        for (auto &call : calls)
                load.free.push_back(&call);
        for (long i = 0;; i++) {
                auto due = begin + std::chrono::nanoseconds(i * 1000000000L / rate);
                if (due >= load.end)
                        break;
                std::this_thread::sleep_until(due);
                std::unique_lock<std::mutex> lock(load.mutex);
                load.idle.wait(lock, [&] { return !load.free.empty(); });
                Call *call = load.free.back();
                load.free.pop_back();
                load.running++;
                lock.unlock();
                call->go(due);
        }
}

static int drive(const char *address, int in_flight, double seconds, long rate)
{
        Load load;
        load.stub = soc::UserService::NewStub(
                grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
        load.latencies_us.reserve(4000000);
        std::vector<Call> calls(in_flight);
        for (auto &call : calls)
                call.load = &load;
        auto start = Clock::now();
        double cpu = cpu_us();
        load.end = start + std::chrono::microseconds((long)(seconds * 1e6));
        if (rate)
                keep_pace(load, calls, start, rate);
        else
                keep_in_flight(load, calls);
        std::unique_lock<std::mutex> lock(load.mutex);
        load.idle.wait(lock, [&] { return load.running == 0; });
        double took = std::chrono::duration<double>(Clock::now() - start).count();
        cpu = cpu_us() - cpu;
        auto &l = load.latencies_us;
        std::sort(l.begin(), l.end());
        printf("%zu %.3f %.1f %.1f %.0f\n", l.size(), took, l[l.size() / 2], l[l.size() * 99 / 100], cpu);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc >= 3 && !strcmp(argv[1], "server"))
                return serve(argv + 2);
        if ((argc == 5 || argc == 6) && !strcmp(argv[1], "client"))
                return drive(argv[2], atoi(argv[3]), atof(argv[4]), argc == 6 ? atol(argv[5]) : 0);
        fprintf(stderr, "usage: grpc_peer server ADDRESS… | client ADDRESS IN-FLIGHT SECONDS [PACE]\n");
        return 2;
}
