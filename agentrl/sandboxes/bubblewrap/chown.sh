#!/bin/sh
# chown and chgrp of root in a sandbox that has only one id: the folders of the agent are the
# agent's whatever anybody says, and all else is root's. What contradicts that is refused.
for word; do
    case $word in
    -*) ;;
    *)
        if [ -z "$owner" ]; then
            owner=$word
            continue
        fi
        case $(readlink -m -- "$word")/ in
        /testbed/* | /home/agent/* | /tmp/* | /var/tmp/* | /dev/shm/*) ;;
        *)
            case $owner in
            agent* | 1000*)
                echo "chown: '$word' cannot be given to the agent: this sandbox has one user id," \
                    "and only /testbed, /home/agent, /tmp and /var/tmp are the agent's" >&2
                exit 1
                ;;
            esac
            ;;
        esac
        ;;
    esac
done
