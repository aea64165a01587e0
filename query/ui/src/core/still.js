/* A component that is drawn again only when one of its properties changed: rows of long lists. */
import { Component } from 'preact';

export function still(draw) {
        return class Still extends Component {
                shouldComponentUpdate(next) {
                        const now = this.props;
                        for (const name in next)
                                if (next[name] !== now[name])
                                        return true;
                        return false;
                }

                render(props) {
                        return draw(props);
                }
        };
}
