// What counts down on the server's time.
import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { serverNow } from './clock';
import { timeLeft } from './text';

// Milliseconds until `at`; renders again just as the shown second changes.
export function useTimeLeft(at: number): number {
    const [, again] = useState(0);
    const left = at - serverNow();
    useEffect(() => {
        if (left <= 0) return undefined;
        const timer = setTimeout(() => again((n) => n + 1), (left % 1000) + 5);
        return () => clearTimeout(timer);
    });
    return left;
}

export function TimeLeft({ until, label }: { until: number; label: string }): JSX.Element {
    const left = useTimeLeft(until);
    return <p class={left < 60_000 ? 'time time-short' : 'time'} role="timer"><span class="digits">{timeLeft(left)}</span> {label}</p>;
}
